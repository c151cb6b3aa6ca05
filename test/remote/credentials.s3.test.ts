import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RemoteSettings } from '../../src/config/settings.js';
import { adding } from '../../src/remote/backends/correction.js';
import { openRemote } from '../../src/remote/backends/open-remote.js';
import type { Remote } from '../../src/remote/backends/remote.js';
import {
  awsConfiguration,
  inMinutes,
  roleConfiguration,
  signIn,
  s3WithCredentials,
  standIn,
  type Answer,
} from '../rig/credential-services.js';
import { runOcrpipe } from '../rig/ocrpipe.js';
import { awsEnvironment } from '../rig/s3-server.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { stubEnvironment } from '../rig/stub-environment.js';
import { newWorkspace } from '../rig/workspace.js';
import { expectRoundTrip } from './put-and-get.js';

const s3 = s3WithCredentials();

beforeEach(() => {
  stubEnvironment(awsEnvironment());
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function open(settings: Partial<RemoteSettings> = {}): Promise<Remote> {
  const all = { url: `s3://${s3.server.bucket}/${randomUUID()}`, endpoint: s3.proxy.endpoint, ...settings };
  return openRemote(all, temporaryFolder(), adding('x', all));
}

/** What the server was shown last. */
const shown = () => s3.proxy.seen.at(-1)?.headers ?? {};

const START = 'https://example.invalid/start';
const SIGN_ON = `sso_account_id = 123456789012\nsso_role_name = reader\nregion = us-east-1\n`;
const LEGACY = `[profile team]\nsso_start_url = ${START}\nsso_region = us-east-1\n${SIGN_ON}`;
const SESSION = `[profile team]\nsso_session = corp\n${SIGN_ON}[sso-session corp]\nsso_start_url = ${START}\nsso_region = us-east-1\nsso_registration_scopes = sso:account:access\n`;

/** The portal of a single sign-on: it gives credentials for one token. */
function portal(accessToken: string): Promise<string> {
  return standIn(({ url, headers }) => {
    if (headers['x-amz-sso_bearer_token'] !== accessToken)
      return [401, { message: 'Session token not found or invalid' }];
    if (url.pathname !== '/federation/credentials' || url.searchParams.get('role_name') !== 'reader')
      return undefined;
    return { roleCredentials: { ...s3.given, expiration: Date.now() + 3_600_000 } };
  });
}

/** STS for those who have a token from elsewhere. */
function tokenService(answer: (token: string | null) => Answer): Promise<string> {
  return standIn(({ body }) => {
    const asked = new URLSearchParams(body);
    return asked.get('Action') === 'AssumeRoleWithWebIdentity'
      ? answer(asked.get('WebIdentityToken'))
      : undefined;
  });
}

function roleTaken(): string {
  const { accessKeyId, secretAccessKey, sessionToken } = s3.given;
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey><SessionToken>${sessionToken}</SessionToken><Expiration>${inMinutes(60)}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
}

function refusal(code: string): Answer {
  const document = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>token-text</Message></Error></ErrorResponse>`;
  return [400, document];
}

/** As a container or an instance is told them. */
const handedOut = (minutes = 60) => ({
  Code: 'Success',
  AccessKeyId: s3.given.accessKeyId,
  SecretAccessKey: s3.given.secretAccessKey,
  Token: s3.given.sessionToken,
  Expiration: inMinutes(minutes),
});

/** A file with a token from elsewhere, and the variables that name it. */
function webIdentity(sts: string): string {
  const file = join(temporaryFolder(), 'token');
  writeFileSync(file, 'token-text');
  stubEnvironment({
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/reader',
    AWS_ENDPOINT_URL_STS: sts,
    AWS_REGION: 'us-east-1',
  });
  return file;
}

describe('the default chain of AWS gives credentials', () => {
  /** They are those that were handed out, as the server was shown. */
  async function expectGiven(settings: Partial<RemoteSettings> = {}): Promise<void> {
    await expectRoundTrip(await open(settings));
    expect(shown()['x-amz-security-token']).toBe(s3.given.sessionToken);
    await expectAdded(settings);
    expect(shown()['x-amz-security-token']).toBe(s3.given.sessionToken);
  }

  /** So it is for the command as it is shipped, which has parts of the SDK in files of its own. */
  async function expectAdded({ profile }: Partial<RemoteSettings>): Promise<void> {
    const { root } = await newWorkspace();
    const url = `s3://${s3.server.bucket}/${randomUUID()}`;
    const add = ['remote', 'add', 'store', url, '--endpoint', s3.proxy.endpoint];
    const { exitCode, stderr } = await runOcrpipe(
      [...add, ...(profile === undefined ? [] : ['--profile', profile])],
      { cwd: root },
    );
    expect([exitCode, stderr]).toEqual([0, '']);
  }

  it('from the environment, temporary ones with their token', async () => {
    stubEnvironment({ ...awsEnvironment(s3.given), AWS_SESSION_TOKEN: s3.given.sessionToken });
    await expectGiven();
  });

  it('from a process', async () => {
    const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken } = s3.given;
    const file = join(temporaryFolder(), 'answer.json');
    const found = { Version: 1, AccessKeyId, SecretAccessKey, SessionToken: sessionToken };
    writeFileSync(file, JSON.stringify({ ...found, Expiration: inMinutes(60) }));
    awsConfiguration(`[profile team]\ncredential_process = cat ${file}\n`);
    await expectGiven({ profile: 'team' });
  });

  it('from a container, to who shows its token', async () => {
    const service = await standIn(({ headers }) =>
      headers.authorization === 'Bearer pod' ? handedOut() : undefined,
    );
    stubEnvironment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${service}/role` });
    stubEnvironment({ AWS_CONTAINER_AUTHORIZATION_TOKEN: 'Bearer pod' });
    await expectGiven();
    const file = join(temporaryFolder(), 'token');
    writeFileSync(file, 'Bearer pod');
    stubEnvironment({ AWS_CONTAINER_AUTHORIZATION_TOKEN: '', AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file });
    await expectGiven();
  });

  it('from the service of an instance', async () => {
    const list = '/latest/meta-data/iam/security-credentials/';
    const service = await standIn(({ url: { pathname }, headers }) => {
      if (pathname === '/latest/api/token') return 'token';
      if (headers['x-aws-ec2-metadata-token'] !== 'token') return [401, {}];
      if (pathname === list) return 'role';
      return pathname === `${list}role` ? handedOut() : undefined;
    });
    stubEnvironment({ AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: service });
    await expectGiven();
  });

  it('from single sign-on', async () => {
    signIn(awsConfiguration(LEGACY), START, { accessToken: 'signed-in', expiresAt: inMinutes(60) });
    stubEnvironment({ AWS_ENDPOINT_URL_SSO: await portal('signed-in') });
    await expectGiven({ profile: 'team' });
  });

  it('from single sign-on whose token is renewed without anybody signing in', async () => {
    const token = { accessToken: 'old', expiresAt: inMinutes(-5), refreshToken: 'refresh' };
    const client = { clientId: 'c', clientSecret: 's', registrationExpiresAt: inMinutes(60) };
    signIn(awsConfiguration(SESSION), 'corp', { ...token, ...client });
    const oidc = await standIn(({ url, body }) =>
      url.pathname === '/token' && body.includes('"refreshToken":"refresh"')
        ? { accessToken: 'renewed', expiresIn: 3600, refreshToken: 'refresh', tokenType: 'Bearer' }
        : undefined,
    );
    stubEnvironment({ AWS_ENDPOINT_URL_SSO_OIDC: oidc, AWS_ENDPOINT_URL_SSO: await portal('renewed') });
    await expectGiven({ profile: 'team' });
  });

  it('for a web identity', async () => {
    webIdentity(await tokenService((token) => (token === 'token-text' ? roleTaken() : undefined)));
    await expectGiven();
  });

  it('for a role, which the service of the server itself gives', async () => {
    awsConfiguration(...roleConfiguration(s3.server));
    await expectRoundTrip(await open({ profile: 'taken' }));
    await expectAdded({ profile: 'taken' });
    expect(shown()['x-amz-security-token']).not.toBe(s3.given.sessionToken);
  });

  it('anew when they are about to expire, while it is used', async () => {
    let asked = 0;
    const service = await standIn(() => handedOut((asked += 1) === 1 ? 1 : 60));
    stubEnvironment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${service}/role` });
    await expectRoundTrip(await open());
    await vi.waitFor(() => {
      expect(asked).toBe(2);
    });
  });
});

describe('Ctrl-C', () => {
  it('is not kept waiting by a process that gives no credentials', async () => {
    const fifo = join(temporaryFolder(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    awsConfiguration(`[profile slow]\ncredential_process = cat ${fifo}\n`);
    const remote = await open({ profile: 'slow' });
    const [stop, reason] = [new AbortController(), new Error('stopped')];
    const asked = remote.list('packs/', { signal: stop.signal });
    // The process runs by the time that somebody can write to it; then it waits for what never comes.
    const held = openSync(fifo, 'r+');
    stop.abort(reason);
    await expect(asked).rejects.toBe(reason);
    closeSync(held);
    remote.close();
  });
});

describe('a profile', () => {
  it('gives its keys and its region', async () => {
    const { accessKeyId, secretAccessKey } = s3.server.users.writer;
    awsConfiguration(
      '[profile team]\nregion = eu-test-7\n',
      `[team]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    );
    await expectRoundTrip(await open({ profile: 'team' }));
    expect(s3.proxy.seen[0]?.headers.authorization).toContain('/eu-test-7/s3/');
    await expectRoundTrip(await open({ profile: 'team', region: 'us-test-1' }));
    expect(shown().authorization).toContain('/us-test-1/s3/');
  });
});

describe('credentials that the chain does not give', () => {
  const signInAgain = { code: 'credentials-missing', hint: "'aws sso login --profile team'" };

  /** What is done wrong, and how that is said: the code, and what the hint has to name. */
  const cases: [string, () => Promise<Partial<RemoteSettings>> | Partial<RemoteSettings>, Expected][] = [
    [
      'nobody signed in',
      () => {
        awsConfiguration(LEGACY);
        return { profile: 'team' };
      },
      signInAgain,
    ],
    [
      'the single sign-on has expired',
      () => {
        signIn(awsConfiguration(LEGACY), START, { accessToken: 'x', expiresAt: inMinutes(-5) });
        return { profile: 'team' };
      },
      signInAgain,
    ],
    [
      'a session of single sign-on has expired for good',
      () => {
        signIn(awsConfiguration(SESSION), 'corp', { accessToken: 'x', expiresAt: inMinutes(-5) });
        return { profile: 'team' };
      },
      signInAgain,
    ],
    [
      'the portal no longer knows who signed in',
      async () => {
        signIn(awsConfiguration(LEGACY), START, { accessToken: 'token-text', expiresAt: inMinutes(60) });
        stubEnvironment({ AWS_ENDPOINT_URL_SSO: await portal('another') });
        return { profile: 'team' };
      },
      signInAgain,
    ],
    [
      'a role is taken with a single sign-on that has expired',
      () => {
        awsConfiguration(
          `[profile deploy]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = team\n${LEGACY}`,
        );
        stubEnvironment({ AWS_PROFILE: 'deploy' });
        return {};
      },
      signInAgain,
    ],
    [
      'a process fails',
      () => {
        awsConfiguration('[profile team]\ncredential_process = echo token-text >&2; exit 3\n');
        return { profile: 'team' };
      },
      { code: 'credentials-missing', hint: 'Run that line of the AWS configuration in a shell' },
    ],
    [
      'a container names a service that may not be asked',
      () => {
        stubEnvironment({ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.invalid/role' });
        return {};
      },
      { code: 'credentials-missing', hint: 'AWS_CONTAINER_CREDENTIALS_FULL_URI' },
    ],
    [
      'the token of a web identity has expired',
      async () => {
        webIdentity(await tokenService(() => refusal('ExpiredTokenException')));
        return {};
      },
      { code: 'credentials-expired', hint: 'the file that AWS_WEB_IDENTITY_TOKEN_FILE names' },
    ],
    [
      'the token of a web identity is refused',
      async () => {
        webIdentity(await tokenService(() => refusal('InvalidIdentityToken')));
        return {};
      },
      { code: 'credentials-refused', hint: 'AWS_ROLE_ARN, the token in the file' },
    ],
    [
      'the token of a web identity is not there',
      async () => {
        rmSync(webIdentity(await tokenService(() => undefined)));
        return {};
      },
      { code: 'credentials-missing', hint: 'the file that AWS_WEB_IDENTITY_TOKEN_FILE names' },
    ],
    [
      'nobody answers who could give a role',
      () => {
        webIdentity('http://127.0.0.1:1');
        return {};
      },
      { code: 'credentials-missing', hint: 'AWS_ENDPOINT_URL_STS' },
    ],
    [
      'a role may not be taken',
      () => {
        const [config, credentials] = roleConfiguration(s3.server);
        awsConfiguration(config.replace(s3.server.role, 'arn:aws:iam::role/nobody'), credentials);
        return { profile: 'taken' };
      },
      { code: 'credentials-refused', hint: "role_arn of profile 'taken'" },
    ],
    [
      'the profile is unknown',
      () => {
        awsConfiguration(LEGACY);
        return { profile: 'taem' };
      },
      { code: 'credentials-missing', hint: "Did you mean 'team'?" },
    ],
  ];

  it.each(cases)(
    'because %s are named as what is wrong, with what to do',
    async (_what, prepare, expected) => {
      const remote = await open(await prepare());
      const failed = (await remote.list('packs/').catch((error: unknown) => error)) as Error & {
        hint: string;
      };
      expect(failed).toMatchObject({ code: expected.code, exitCode: 2 });
      expect(failed.hint).toContain(expected.hint);
      expect(failed.message + failed.hint).not.toContain('token-text');
      expect(s3.proxy.seen).toEqual([]);
    },
  );
});

interface Expected {
  code: string;
  hint: string;
}
