import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A certificate that nobody has vouched for, of loopback. */
export interface OwnCertificate {
  key: string;
  cert: string;
  /** Where `cert` stands. */
  file: string;
}

/** Makes one in `folder`; undefined where there is no openssl. */
export function ownCertificate(folder: string): OwnCertificate | undefined {
  const made = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', 'key.pem', '-out', 'cert.pem'],
    ],
    { cwd: folder },
  );
  if (made.status !== 0) return undefined;
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(folder, name), 'utf8'));
  return { key: key!, cert: cert!, file: join(folder, 'cert.pem') };
}

export interface GitServer {
  url: string;
  stop: () => void;
}

/** Serves the bare repositories below `root` as git's own CGI program does; paths below `/private/` need the password. */
export async function serveGit(
  root: string,
  { tls, user }: { tls?: OwnCertificate | undefined; user: { name: string; password: string } },
): Promise<GitServer> {
  const expected = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
  const serve = (asked: IncomingMessage, answer: ServerResponse): void => {
    if (asked.url?.startsWith('/private/') === true && asked.headers.authorization !== expected) {
      answer.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    callBackend(root, asked, answer);
  };
  const server = tls ? createSecureServer(tls, serve) : createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function callBackend(root: string, asked: IncomingMessage, answer: ServerResponse): void {
  const url = new URL(asked.url ?? '/', 'http://x');
  const {
    'content-type': type = '',
    'content-encoding': encoding = '',
    'git-protocol': protocol = '',
  } = asked.headers;
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      ...{ GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1', GIT_CONFIG_NOSYSTEM: '1' },
      ...{
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: asked.method ?? 'GET',
      },
      ...{ CONTENT_TYPE: type, HTTP_CONTENT_ENCODING: encoding, GIT_PROTOCOL: String(protocol) },
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  asked.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.on('close', () => {
    const whole = Buffer.concat(chunks);
    const end = whole.indexOf('\r\n\r\n');
    const fields = whole
      .subarray(0, end)
      .toString('latin1')
      .split('\r\n')
      .map((line) => line.split(/: */, 2) as [string, string]);
    const status = fields.find(([name]) => name.toLowerCase() === 'status')?.[1];
    answer.writeHead(
      Number(status?.slice(0, 3) ?? 200),
      Object.fromEntries(fields.filter(([name]) => name.toLowerCase() !== 'status')),
    );
    answer.end(whole.subarray(end + 4));
  });
}
