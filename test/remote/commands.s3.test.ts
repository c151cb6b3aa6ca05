import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OCRPIPE_SCRIPT, runOcrpipe, runProcess } from '../rig/ocrpipe.js';
import { awsEnvironment, startS3Server, type S3Server } from '../rig/s3-server.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { gitFolder, TestWorkspace } from '../rig/workspace.js';

let server: S3Server;

beforeAll(async () => {
  server = await startS3Server();
});

afterAll(async () => {
  await server.stop();
});

/** A workspace whose tracked folder has 10 large files (as many steps of a push) and some small ones. */
async function workspaceWithData(): Promise<TestWorkspace> {
  const folder = await gitFolder();
  const a = new TestWorkspace(
    folder.root,
    { ...folder.env, ...awsEnvironment(server.users.writer) },
    runOcrpipe,
  );
  await a.ocrpipe('init');
  for (let index = 0; index < 10; index += 1) a.write(`data/raw/large-${index}`, randomBytes(1_100_000));
  for (let index = 0; index < 30; index += 1) a.write(`data/raw/small/${index}`, randomBytes(500));
  await a.ocrpipe('add', 'data/raw');
  await a.ocrpipe('remote', 'add', 's3', newUrl(), '--endpoint', server.endpoint);
  await a.commit('data');
  return a;
}

function newUrl(): string {
  return `s3://${server.bucket}/${randomUUID()}/p`;
}

async function cloneOf(workspace: TestWorkspace): Promise<TestWorkspace> {
  const root = join(temporaryFolder(), 'clone');
  await runProcess('git', ['clone', '--quiet', workspace.root, root], { cwd: '/' });
  return new TestWorkspace(root, workspace.env, runOcrpipe);
}

function sameData(a: TestWorkspace, b: TestWorkspace): boolean {
  const names = [...Array(10).keys()].map((index) => `data/raw/large-${index}`);
  names.push(...[...Array(30).keys()].map((index) => `data/raw/small/${index}`));
  return names.every((name) => readFileSync(a.path(name)).equals(readFileSync(b.path(name))));
}

/** Runs the binary and sends a signal when it reports its n-th event; resolves with how it ended. */
async function signalled(
  workspace: TestWorkspace,
  args: readonly string[],
  at: { event: number; signal: NodeJS.Signals },
): Promise<{ exitCode: number | null; signal: NodeJS.Signals | null; secondsAfter: number }> {
  const child = spawn(process.execPath, [OCRPIPE_SCRIPT, ...args, '--events'], {
    cwd: workspace.root,
    env: { ...process.env, ...workspace.env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let events = 0;
  let sent = 0;
  createInterface({ input: child.stdout }).on('line', () => {
    events += 1;
    if (events !== at.event) return;
    sent = performance.now();
    child.kill(at.signal);
  });
  return new Promise((resolve) => {
    child.on('close', (exitCode, signal) => {
      resolve({ exitCode, signal, secondsAfter: (performance.now() - sent) / 1000 });
    });
  });
}

describe('push and pull over S3 with the real binary', () => {
  it('bring data to a clone; nothing is printed that the SDK says by itself, and no secret', async () => {
    const a = await workspaceWithData();
    const pushed = await a.run(['push']);
    expect(pushed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await a.json('push')).toMatchObject({ objects: 0, packs: 0, bytes: 0, requests: 2 });
    const b = await cloneOf(a);
    const pulled = await b.run(['pull']);
    expect(pulled).toMatchObject({ exitCode: 0, stderr: '' });
    expect(sameData(a, b)).toBe(true);
    for (const file of ['config.yaml', 'config.local.yaml']) {
      if (!existsSync(a.path(`.ocrstore/${file}`))) continue;
      expect(a.read(`.ocrstore/${file}`)).not.toContain(server.users.writer.secretAccessKey);
    }
  });

  it('are completed by the next run when they are killed at any point', { timeout: 240_000 }, async () => {
    const a = await workspaceWithData();
    for (const event of [1, 3, 6, 11]) await signalled(a, ['push'], { event, signal: 'SIGKILL' });
    await a.ocrpipe('push');
    const b = await cloneOf(a);
    for (const event of [1, 6, 12, 20]) await signalled(b, ['pull'], { event, signal: 'SIGKILL' });
    await b.ocrpipe('pull');
    expect(sameData(a, b)).toBe(true);
  });

  it('end at Ctrl-C with exit code 130 and much left to do, and go on from there', async () => {
    const a = await workspaceWithData();
    const stopped = await signalled(a, ['push'], { event: 2, signal: 'SIGINT' });
    expect(stopped.exitCode).toBe(130);
    // A busy machine may take its time; that it waits for no transfer or retry shows all the same.
    expect(stopped.secondsAfter).toBeLessThan(15);
    expect(await a.json('push')).not.toMatchObject({ objects: 0 });
    const b = await cloneOf(a);
    const pulling = await signalled(b, ['pull'], { event: 3, signal: 'SIGINT' });
    expect(pulling.exitCode).toBe(130);
    expect(pulling.secondsAfter).toBeLessThan(15);
    expect(existsSync(b.path('data/raw'))).toBe(false);
    await b.ocrpipe('pull');
    expect(sameData(a, b)).toBe(true);
  });
});

describe('a remote that cannot be used', () => {
  /** Runs a command that must fail with exit code 2, and returns what it says. */
  async function refused(
    args: readonly string[],
    environment: Record<string, string>,
  ): Promise<{ code: string; message: string; hint: string }> {
    const folder = await gitFolder();
    const workspace = new TestWorkspace(folder.root, { ...folder.env, ...environment }, runOcrpipe);
    await workspace.ocrpipe('init');
    const before = workspace.read('.ocrstore/config.yaml');
    const result = await workspace.run([...args, '--json']);
    expect(result).toMatchObject({ exitCode: 2, stderr: '' });
    expect(result.stdout).not.toMatch(/secret|hunter2| at .*\.js:/);
    expect(workspace.read('.ocrstore/config.yaml')).toBe(before);
    return (JSON.parse(result.stdout) as { error: { code: string; message: string; hint: string } }).error;
  }

  const add = (url: string, endpoint = server.endpoint): string[] => {
    return ['remote', 'add', 'x', url, '--endpoint', endpoint];
  };

  it('because the bucket does not exist is named with its bucket', async () => {
    const error = await refused(add('s3://no-such-bucket/p'), awsEnvironment(server.users.writer));
    expect(error).toMatchObject({ code: 'bucket-missing' });
    expect(error.message).toContain('no-such-bucket');
    expect(error.hint).toContain(`'ocrpipe remote add x s3://BUCKET/PREFIX --endpoint ${server.endpoint}'`);
  });

  it('because the credentials are unknown or wrong says so', async () => {
    const wrongSecret = { ...server.users.writer, secretAccessKey: 'hunter2-hunter2' };
    const wrongKey = { accessKeyId: 'nobody', secretAccessKey: 'hunter2-hunter2' };
    for (const credentials of [wrongSecret, wrongKey]) {
      const error = await refused(add(newUrl()), awsEnvironment(credentials));
      expect(error).toMatchObject({ code: 'credentials-refused' });
      expect(error.hint).toContain('AWS_ACCESS_KEY_ID');
    }
  });

  it('because there are no credentials, or the profile is unknown, says so', async () => {
    expect(await refused(add(newUrl()), awsEnvironment())).toMatchObject({ code: 'credentials-missing' });
    const error = await refused([...add(newUrl()), '--profile', 'team'], awsEnvironment());
    expect(error).toMatchObject({ code: 'credentials-missing' });
    expect(error.message).toContain("profile 'team'");
    expect(error.hint).toMatch(/'ocrpipe remote add x s3:\S+ --endpoint \S+ --profile PROFILE'/);
    expect(error.hint).toMatch(/'ocrpipe remote add x s3:\S+ --endpoint \S+ --profile team --no-check'/);
  });

  it('because this user may only read says what is missing', async () => {
    const error = await refused(add(newUrl()), awsEnvironment(server.users.reader));
    expect(error).toMatchObject({ code: 'remote-denied' });
    expect(error.hint).toContain('s3:PutObject');
  });

  it('because nobody answers at the endpoint names it', async () => {
    const error = await refused(add(newUrl(), 'http://127.0.0.1:1'), awsEnvironment(server.users.writer));
    expect(error).toMatchObject({ code: 'remote-unreachable' });
    expect(error.message).toContain('http://127.0.0.1:1');
    expect(error.hint).toMatch(/'ocrpipe remote add x s3:\S+ --endpoint URL'/);
    expect(error.hint).toContain('--no-check');
  });

  it('because something else answers at the endpoint says so', async () => {
    const other = createServer((_request, response) => response.end('<html>hello</html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    try {
      const error = await refused(add(newUrl(), endpoint), awsEnvironment(server.users.writer));
      expect(error).toMatchObject({ code: 'remote-not-s3' });
    } finally {
      other.close();
    }
  });

  it('fails a push with the same words and leaves the workspace as it is', async () => {
    const a = await workspaceWithData();
    await a.ocrpipe('remote', 'modify', 's3', '--url', 's3://no-such-bucket');
    const result = await a.run(['push']);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain("there is no bucket 'no-such-bucket'");
    expect(result.stderr).toContain("'ocrpipe remote modify s3 --url s3://BUCKET/PREFIX'");
    const wrong = await a.run(['pull'], { AWS_SECRET_ACCESS_KEY: 'hunter2-hunter2' });
    expect(wrong.stdout + wrong.stderr).not.toContain('hunter2');
  });
});
