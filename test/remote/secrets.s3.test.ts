import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configurationFiles, inMinutes, signIn, standIn } from '../rig/credential-services.js';
import type { HttpFault } from '../rig/fault-proxy.js';
import { faultyS3 } from '../rig/faulty-s3.js';
import type { RunResult } from '../rig/ocrpipe.js';
import { awsEnvironment } from '../rig/s3-server.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';

const TOKEN = 'session-token-that-nobody-may-see';
const KEY = randomBytes(32);

const s3 = faultyS3();

/** Every byte that commands left in the state of a workspace. */
function left(workspace: TestWorkspace): string {
  const folder = workspace.path('.ocrstore');
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return names.map((each) => readFileSync(join(each.parentPath, each.name), 'latin1')).join('\n');
}

/** Servers repeat requests in what they say; each of these is said with the token in it. */
const refusals: HttpFault[] = [
  { status: 403, name: 'SignatureDoesNotMatch', message: TOKEN },
  { status: 400, name: 'ExpiredToken', message: TOKEN },
  { status: 403, name: 'AccessDenied', message: TOKEN },
  { status: 500, name: 'InternalError', message: TOKEN },
  { status: 400, name: 'SomethingNew', message: TOKEN },
  { endAt: 100 },
];

const START = 'https://example.invalid/start';
const PROFILE = 'sso_account_id = 1\nsso_role_name = reader\nregion = us-east-1\n';

/** Environments in which whoever should give credentials has secrets to tell and gives none. */
async function withoutCredentials(): Promise<Record<string, string>[]> {
  const portal = await standIn(() => [401, { message: TOKEN }]);
  const roles = await standIn(() => [
    400,
    `<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>${TOKEN}</Message></Error></ErrorResponse>`,
  ]);
  const failing = configurationFiles(`[default]\ncredential_process = echo ${TOKEN} >&2; exit 3\n`);
  const printing = configurationFiles(
    `[default]\ncredential_process = echo '{"SecretAccessKey":"${TOKEN}'\n`,
  );
  const signedIn = configurationFiles(
    `[default]\nsso_start_url = ${START}\nsso_region = us-east-1\n${PROFILE}`,
  );
  signIn(signedIn.home, START, { accessToken: TOKEN, expiresAt: inMinutes(60) });
  const identity = configurationFiles('');
  writeFileSync(join(identity.home, 'token'), TOKEN);
  return [
    failing.env,
    printing.env,
    { ...signedIn.env, AWS_ENDPOINT_URL_SSO: portal },
    {
      ...identity.env,
      AWS_WEB_IDENTITY_TOKEN_FILE: join(identity.home, 'token'),
      ...{ AWS_ROLE_ARN: 'arn:aws:iam::1:role/r', AWS_ENDPOINT_URL_STS: roles, AWS_REGION: 'us-east-1' },
    },
  ];
}

describe('a secret', () => {
  it('is in no output, error, log or file, whatever the server says, and with stack traces too', async () => {
    const workspace = await newWorkspace();
    const secret = s3.server.users.writer.secretAccessKey;
    const env = { ...awsEnvironment(s3.server.users.writer), OCRPIPE_DEBUG: '1' };
    workspace.write('data/x', randomBytes(1000));
    writeFileSync(workspace.path('key'), KEY);
    await workspace.ocrpipe('add', 'data');
    const url = `s3://${s3.server.bucket}/${randomUUID()}`;
    const add = [
      'remote',
      'add',
      's3',
      url,
      '--endpoint',
      s3.proxy.endpoint,
      '--sse-customer-key-file',
      'key',
    ];
    const said = [
      await workspace.run([...add, '--json'], env),
      await workspace.run(['push', '--events'], env),
    ];
    expect(said.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    for (const fault of refusals) {
      s3.proxy.faults(({ number }) => (number < 7 ? fault : 'none'));
      said.push(await workspace.run(['push', '--json'], { ...env, AWS_SESSION_TOKEN: TOKEN }));
    }
    s3.proxy.faults(() => 'none');
    const refused: RunResult[] = [];
    for (const none of await withoutCredentials()) {
      const all = { ...awsEnvironment(), OCRPIPE_DEBUG: '1', ...none };
      const other = ['remote', 'add', 'other', url, '--endpoint', s3.proxy.endpoint];
      refused.push(await workspace.run(['push', '--json'], all), await workspace.run(other, all));
    }
    expect(refused.map(({ exitCode }) => exitCode)).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
    said.push(...refused);
    said.push(await workspace.run(['remote', 'list', '--json'], env));
    said.push(await workspace.run(['config', '--list', '--json'], env));
    const all = said.map(({ stdout, stderr }) => stdout + stderr).join('\n') + left(workspace);
    expect(all).toContain('credentials-expired');
    for (const one of [secret, TOKEN, KEY.toString('base64'), KEY.toString('latin1'), KEY.toString('hex')])
      expect(all.includes(one)).toBe(false);
  });
});
