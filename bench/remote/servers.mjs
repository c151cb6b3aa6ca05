import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const here = import.meta.dirname;
const SCRIPTS = {
  seaweedfs: join(here, '..', '..', 'scripts', 's3-server.mjs'),
  versitygw: join(here, 'versitygw.mjs'),
};

/** Starts an S3 server of its own (`seaweedfs` or `versitygw`) with one empty bucket; `environment` lets SDKs use it. */
export async function startServer(name) {
  const script = SCRIPTS[name];
  if (script === undefined)
    throw new Error(`no server is called ${name}: ${Object.keys(SCRIPTS).join(', ')}`);
  const { line, stop } = await start(script, 'start');
  const { endpoint, bucket, users } = JSON.parse(line);
  const { accessKeyId, secretAccessKey } = users.writer;
  const environment = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent/config',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
  };
  return { endpoint, bucket, environment, stop };
}

/** A proxy that counts, in a process of its own: this one waits for commands and answers nobody. */
export async function startProxy(target, file) {
  const { line, stop } = await start(join(here, 'counting-proxy.mjs'), target, file);
  return { endpoint: line, seen: () => JSON.parse(readFileSync(file, 'utf8')), stop };
}

/** Starts a script that prints a line when it is ready and ends with its stdin. */
async function start(...script) {
  const child = spawn(process.execPath, script, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
  if (line === undefined) throw new Error(`${script[0]} did not start`);
  const stop = async () => {
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  };
  return { line, stop };
}
