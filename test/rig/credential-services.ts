import { S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, onTestFinished, vi } from 'vitest';
import { faultyS3, type FaultyS3 } from './faulty-s3.js';
import type { S3Server } from './s3-server.js';
import { temporaryFolder } from './temporary-folder.js';
import { stubEnvironment } from './stub-environment.js';

/** What a service of AWS is asked, with the body. */
export interface Asked {
  method: string;
  url: URL;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A document, as JSON or text as it is; with a status other than 200 before it. Nothing: 404. */
export type Answer = Document | readonly [status: number, document: Document] | undefined;
type Document = Readonly<Record<string, unknown>> | string;

/** A service of AWS that hands out credentials, on loopback for one test. Returns its address. */
export async function standIn(answer: (asked: Asked) => Answer): Promise<string> {
  const service = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const { method = 'GET', headers } = request;
      const found = answer({ method, url, headers, body: Buffer.concat(chunks).toString() }) ?? [404, {}];
      const [status, document] = isPair(found) ? found : ([200, found] as const);
      response.writeHead(status, {
        'content-type': typeof document === 'string' ? 'text/xml' : 'application/json',
      });
      response.end(typeof document === 'string' ? document : JSON.stringify(document));
    })();
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    service.closeAllConnections();
    service.close();
  });
  return `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
}

function isPair(found: Exclude<Answer, undefined>): found is readonly [number, Document] {
  return Array.isArray(found);
}

/** The AWS configuration files of somebody who has a home of their own, and the environment in which they are found. */
export function configurationFiles(
  config: string,
  credentials = '',
  home: string = temporaryFolder(),
): { home: string; env: Record<string, string> } {
  writeFileSync(join(home, 'config'), config);
  writeFileSync(join(home, 'credentials'), credentials);
  const env = {
    HOME: home,
    AWS_CONFIG_FILE: join(home, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'),
  };
  return { home, env };
}

/** The same for what runs in this process. Returns the home. */
export function awsConfiguration(config: string, credentials?: string, ownHome?: string): string {
  const { home, env } = configurationFiles(config, credentials, ownHome);
  stubEnvironment(env);
  return home;
}

/** What `aws sso login` leaves in a home, by the name of a session or the address where one signs in. */
export function signIn(home: string, name: string, token: Readonly<Record<string, string>>): void {
  const folder = join(home, '.aws', 'sso', 'cache');
  mkdirSync(folder, { recursive: true });
  const file = `${createHash('sha1').update(name).digest('hex')}.json`;
  writeFileSync(join(folder, file), JSON.stringify(token));
}

export const inMinutes = (minutes: number): string =>
  new Date(Date.now() + minutes * 60_000).toISOString().replace(/\.\d+Z/, 'Z');

export interface TemporaryCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

/** Configuration files with a profile 'taken', which takes the writer's role at the server's own STS. */
export function roleConfiguration(server: S3Server): [config: string, credentials: string] {
  const { accessKeyId, secretAccessKey } = server.users.writer;
  stubEnvironment({ AWS_ENDPOINT_URL_STS: server.endpoint });
  return [
    `[profile own]\nregion = us-east-1\n[profile taken]\nrole_arn = ${server.role}\nsource_profile = own\nregion = us-east-1\n`,
    `[own]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
  ];
}

/** A server as `faultyS3` has it, and credentials for it that count with their session token alone. */
export function s3WithCredentials(): FaultyS3 & { given: TemporaryCredentials } {
  const s3 = faultyS3() as ReturnType<typeof s3WithCredentials>;
  beforeAll(async () => {
    // The SDK says once in each process which versions of Node it will need.
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
    s3.given = await temporaryCredentials(s3.server);
  });
  return s3;
}

async function temporaryCredentials(server: S3Server): Promise<TemporaryCredentials> {
  let tidy = (): void => undefined;
  const home = temporaryFolder((remove) => (tidy = remove));
  awsConfiguration(...roleConfiguration(server), home);
  const client = new S3Client({ profile: 'taken', region: 'us-east-1' });
  const { accessKeyId, secretAccessKey, sessionToken = '' } = await client.config.credentials();
  vi.unstubAllEnvs();
  tidy();
  return { accessKeyId, secretAccessKey, sessionToken };
}
