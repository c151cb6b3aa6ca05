import { once } from 'node:events';
import { join } from 'node:path';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ImportUrlResult } from '../../../src/actions/import-url.js';
import type { UpdateResult } from '../../../src/actions/update.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { newWorkspace, type TestWorkspace } from '../../rig/workspace.js';

/** A file that a server has, and how it serves it. */
interface Served {
  body: Buffer;
  etag?: string;
  /** `Last-Modified`. */
  modified?: string;
  /** The connection is cut after so many bytes of a whole answer. */
  cutAt?: number;
}

describe('import-url', () => {
  let server: Server;
  let user: TestWorkspace;
  let at: string;
  let served: Served;
  let asked: { range?: string | undefined; status: number }[];

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { range } = request.headers;
    const { body, etag, modified, cutAt } = served;
    const say = (status: number, headers: Record<string, string | number>, bytes?: Buffer): void => {
      asked.push({ range, status });
      response.writeHead(status, {
        ...(etag !== undefined && { etag }),
        ...(modified !== undefined && { 'last-modified': modified }),
        ...headers,
      });
      if (bytes !== undefined && cutAt !== undefined && range === undefined) {
        response.write(bytes.subarray(0, cutAt), () => response.destroy());
      } else response.end(bytes);
    };
    const status = /^\/status\/(\d+)/.exec(request.url ?? '')?.[1];
    if (status !== undefined) say(Number(status), {});
    else if (etag !== undefined && request.headers['if-none-match'] === etag) say(304, {});
    else if (modified !== undefined && request.headers['if-modified-since'] === modified) say(304, {});
    else if (range !== undefined && request.headers['if-range'] === etag) {
      const rest = body.subarray(Number(/\d+/.exec(range)![0]));
      say(206, { 'content-length': rest.length }, rest);
    } else say(200, { 'content-length': body.length }, body);
  };

  beforeAll(async () => {
    server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    user = await newWorkspace(temporaryFolder(afterAll));
  });
  afterAll(() => {
    server.close();
  });
  beforeEach(() => {
    asked = [];
    served = { body: Buffer.from('first'), etag: '"1"' };
  });

  it('tracks a file, and downloads it again only when it is another', async () => {
    const result = await user.json<ImportUrlResult>('import-url', `${at}/labels.json`);
    expect(result).toMatchObject({
      path: 'labels.json',
      size: 5,
      toCommit: ['.gitignore', 'labels.json.ocr'],
    });
    expect(user.read('labels.json.ocr')).toContain(
      `source:\n  url: "${at}/labels.json"\n  etag: "\\"1\\""\n`,
    );
    expect(user.read('labels.json')).toBe('first');
    const same = await user.json<UpdateResult>('update', 'labels.json');
    expect(same.imports[0]).toMatchObject({ state: 'unchanged' });
    expect(asked.map(({ status }) => status)).toEqual([200, 304]);
    served = { body: Buffer.from('second'), etag: '"2"' };
    expect(await user.run(['update', '--check'])).toMatchObject({ exitCode: 3 });
    expect(user.read('labels.json')).toBe('first');
    await user.ocrpipe('update');
    expect(user.read('labels.json')).toBe('second');
    expect(user.read('labels.json.ocr')).toContain('etag: "\\"2\\""');
  });

  it('goes on by range where the connection was cut, and begins anew with another version', async () => {
    const body = Buffer.alloc(3_000_000, 'large file ');
    served = { body, etag: '"large"', cutAt: 2_000_000 };
    await user.ocrpipe('import-url', `${at}/large.bin`);
    expect(user.read('large.bin')).toBe(body.toString());
    expect(asked).toHaveLength(2);
    expect(asked[1]).toMatchObject({ status: 206, range: expect.stringMatching(/^bytes=\d+-$/) as string });
  });

  it('compares the bytes where the server gives no version', async () => {
    served = { body: Buffer.from('plain') };
    await user.ocrpipe('import-url', `${at}/plain.txt`, 'plain-copy.txt');
    const { imports } = await user.json<UpdateResult>('update', 'plain-copy.txt');
    expect(imports[0]).toMatchObject({ path: 'plain-copy.txt', state: 'unchanged' });
  });

  it('goes by the date where the server gives no etag', async () => {
    const [before, after] = ['Mon, 05 Jan 2026 10:00:00 GMT', 'Tue, 06 Jan 2026 10:00:00 GMT'];
    served = { body: Buffer.from('dated'), modified: before };
    await user.ocrpipe('import-url', `${at}/dated.txt`);
    expect(user.read('dated.txt.ocr')).toContain(`  modified: "${before}"`);
    const imports = async () =>
      (await user.ocrpipe('status', '--imports')).match(/dated\.txt +(current|behind)/)?.[1];
    expect([(await updated()).state, await imports()]).toEqual(['unchanged', 'current']);
    expect(asked.slice(0, 2).map(({ status }) => status)).toEqual([200, 304]);
    served = { body: Buffer.from('later'), modified: after };
    expect([await imports(), (await updated()).state, user.read('dated.txt')]).toEqual([
      'behind',
      'updated',
      'later',
    ]);

    async function updated() {
      return (await user.json<UpdateResult>('update', 'dated.txt')).imports[0]!;
    }
  });

  it('is unknown to status where the server tells no versions apart, and update asks for all of it', async () => {
    served = { body: Buffer.from('untold') };
    await user.ocrpipe('import-url', `${at}/untold.txt`);
    expect(await user.ocrpipe('status', '--imports')).toMatch(/untold\.txt +unknown/);
    served = { body: Buffer.from('another') };
    expect((await user.run(['update', '--check', 'untold.txt'])).exitCode).toBe(3);
    expect(user.read('untold.txt')).toBe('untold');
    await user.ocrpipe('update', 'untold.txt');
    expect(user.read('untold.txt')).toBe('another');
  });

  it('sends what it downloads to a remote, and keeps nothing of it here', async () => {
    const body = Buffer.alloc(1_500_000, 'straight to the remote ');
    served = { body, etag: '"sent"' };
    await user.ocrpipe('remote', 'add', 'disk', join(temporaryFolder(), 'remote'));
    await user.ocrpipe('import-url', `${at}/sent.bin`, '--to-remote');
    expect([user.has('sent.bin'), user.has('sent.bin.ocr')]).toEqual([false, true]);
    const { tracked } = await user.json<{ tracked: { path: string }[] }>('status');
    expect(tracked).toContainEqual({ path: 'sent.bin', state: 'missing', inStore: false, uncommitted: true });
    await user.ocrpipe('pull', 'sent.bin');
    expect(user.read('sent.bin')).toBe(body.toString());
    const { imports } = await user.json<UpdateResult>('update', 'sent.bin');
    expect(imports[0]).toMatchObject({ state: 'unchanged' });
  });

  it('leaves an edit as it is', async () => {
    await user.ocrpipe('import-url', `${at}/edited.txt`);
    user.write('edited.txt', 'mine');
    served = { body: Buffer.from('other'), etag: '"3"' };
    const { exitCode, stdout } = await user.run(['update', 'edited.txt', '--json']);
    expect(exitCode).toBe(2);
    expect(stdout).toContain('would-undo-edits');
    expect(user.read('edited.txt')).toBe('mine');
  });

  it.each([
    { url: 'ftp://example.org/x', code: 'url-refused' },
    { url: 'labels.json', code: 'url-refused' },
    { url: 'https://me:secret@example.org/x', code: 'url-refused' },
    { url: 'https://example.org/x?X-Amz-Signature=secret', code: 'url-refused' },
    { url: '/status/404', code: 'url-missing' },
    { url: '/status/403', code: 'url-denied' },
    { url: '/status/500', code: 'url-failed', exit: 1 },
    { url: 'http://127.0.0.1:1/x', code: 'url-unreachable', exit: 1 },
  ])('refuses $url with $code', async ({ url, code, exit = 2 }) => {
    const { exitCode, stdout } = await user.run([
      'import-url',
      url.startsWith('/') ? at + url : url,
      'refused',
      '--json',
    ]);
    expect((JSON.parse(stdout) as { error: { code: string } }).error.code).toBe(code);
    expect(exitCode).toBe(exit);
    expect(stdout).not.toContain('secret@');
    expect(user.has('refused')).toBe(false);
  });
});
