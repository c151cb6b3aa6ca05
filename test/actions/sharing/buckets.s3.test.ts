import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImportUrlResult } from '../../../src/actions/import-url.js';
import type { UpdateResult } from '../../../src/actions/update.js';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { SeenRequest } from '../../rig/fault-proxy.js';
import { faultyS3 } from '../../rig/faulty-s3.js';
import { runOcrpipe } from '../../rig/ocrpipe.js';
import { awsEnvironment } from '../../rig/s3-server.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { gitFolder, TestWorkspace } from '../../rig/workspace.js';
import { listing } from '../../tracking/listing.js';
import { cloneOf } from './scope-story.js';

const s3 = faultyS3();
let home: string;
let user: TestWorkspace;
let client: S3Client;
/** How the server is reached for importing. */
let there: string[];
const VERSIONED = `versions-${randomUUID()}`;

beforeAll(async () => {
  home = temporaryFolder(afterAll);
  user = await newUser('user');
  there = ['--endpoint', s3.proxy.endpoint];
  const { endpoint, users } = s3.server;
  client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: users.writer });
});
afterAll(() => {
  client.destroy();
});

async function newUser(name: string): Promise<TestWorkspace> {
  const { root, env } = await gitFolder(join(home, name));
  const made = new TestWorkspace(root, { ...env, ...awsEnvironment(s3.server.users.writer) });
  await made.ocrpipe('init');
  return made;
}

/** Puts an object there as anybody would; what its bucket calls this version. */
async function put(Key: string, Body: string | Uint8Array, Bucket = s3.server.bucket) {
  const { VersionId } = await client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(Body) }));
  return VersionId;
}

/** A new folder of the bucket: the prefix of its keys, which ends with '/'. */
async function folderOf(objects: Record<string, string | Uint8Array>): Promise<string> {
  const prefix = `sources/${randomUUID()}/`;
  for (const [path, body] of Object.entries(objects)) await put(prefix + path, body);
  return prefix;
}

const urlOf = (prefix: string): string => `s3://${s3.server.bucket}/${prefix}`;

/** What was asked of the server: 'LIST', or the method and the last name of the key. */
const asked = (): string[] =>
  s3.proxy.seen.map(({ method, path }) =>
    path.includes('list-type=') ? 'LIST' : `${method} ${path.replace(/\?.*/, '').replace(/.*\//, '')}`,
  );

const fails = async (...args: string[]) => {
  const { exitCode, stdout } = await user.run([...args, '--json']);
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint?: string } };
  return { exitCode, ...error };
};

/** Runs a command in a process that is killed when such a request arrives, before the server hears of it. */
async function killedAt(isLast: (request: SeenRequest) => boolean, root: string, ...args: string[]) {
  const kill = new AbortController();
  s3.proxy.faults((request) => {
    if (kill.signal.aborted || isLast(request)) kill.abort();
    return kill.signal.aborted ? 'silent' : 'none';
  });
  const env = { ...user.env, ...awsEnvironment(s3.server.users.writer) };
  const result = await runOcrpipe(args, { cwd: root, env, kill: kill.signal });
  s3.proxy.faults(() => 'none');
  return result;
}

describe('import-url of a folder of a bucket', () => {
  it('tracks its objects, and fetches only those that changed', async () => {
    const prefix = await folderOf({ a: 'first', 'sub/b c.txt': 'b', 'sub/ü&<': '', gone: 'x' });
    const imported = await user.json<ImportUrlResult>('import-url', urlOf(prefix), 'scans', ...there);
    expect(imported).toMatchObject({ path: 'scans', size: 7, files: 4, source: { url: urlOf(prefix) } });
    expect(user.read('scans/a') + user.read('scans/sub/b c.txt')).toBe('firstb');

    s3.proxy.faults(() => 'none');
    const same = await user.json<UpdateResult>('update', 'scans');
    expect([same.imports[0]?.state, asked()]).toEqual(['unchanged', ['LIST']]);

    await put(`${prefix}a`, 'second');
    await put(`${prefix}sub/new`, 'new');
    await client.send(new DeleteObjectCommand({ Bucket: s3.server.bucket, Key: `${prefix}gone` }));
    expect(await user.run(['update', '--check', 'scans'])).toMatchObject({ exitCode: 3 });
    expect(await user.ocrpipe('status', '--imports')).toMatch(/scans +behind/);
    s3.proxy.faults(() => 'none');
    const updated = await user.json<UpdateResult>('update', 'scans');
    expect(updated.imports[0]).toMatchObject({ state: 'updated' });
    expect(asked().sort()).toEqual(['GET a', 'GET new', 'LIST']);
    expect(listing(user.path('scans')).map((line) => line.split(' ')[0])).not.toContain('gone');
    expect(user.read('scans/a') + user.read('scans/sub/new')).toBe('secondnew');
    expect(await user.json('status')).toMatchObject({ tracked: [{ path: 'scans', state: 'new' }] });

    user.write('scans/a', 'mine');
    await put(`${prefix}a`, 'third');
    expect((await fails('update', 'scans')).code).toBe('would-undo-edits');
    expect(user.read('scans/a')).toBe('mine');
  });

  it('goes on after a kill: objects that are here, and parts of large ones, are not fetched again', async () => {
    const large = () => randomBytes(1_200_000);
    const bodies = { a: large(), b: large(), c: large(), d: 'small' };
    const prefix = await folderOf(bodies);
    const args = ['import-url', urlOf(prefix), 'killed', ...there];
    const killed = await killedAt(
      ({ path }) => path.includes(`${prefix}c`),
      user.root,
      ...args,
      '--jobs',
      '1',
    );
    expect([killed.signal, user.has('killed'), user.has('killed.ocr')]).toEqual(['SIGKILL', false, false]);
    await user.ocrpipe(...args);
    expect(asked().sort()).toEqual(['GET c', 'GET d', 'LIST']);
    for (const [name, body] of Object.entries(bodies))
      expect(readFileSync(user.path(`killed/${name}`)).equals(Buffer.from(body))).toBe(true);
  });

  it('keeps what came before one object was refused', async () => {
    const prefix = await folderOf({ a: 'a', b: 'b', c: 'c' });
    s3.proxy.faults(({ path }) =>
      path.includes(`${prefix}c`) ? { status: 403, name: 'AccessDenied' } : 'none',
    );
    const args = ['import-url', urlOf(prefix), 'refused', ...there, '--jobs', '1'];
    expect(await fails(...args)).toMatchObject({ exitCode: 2, code: 'url-denied' });
    s3.proxy.faults(() => 'none');
    await user.ocrpipe(...args);
    expect(asked()).toEqual(['LIST', 'GET c']);
  });

  it('lists it anew where an object changed under the download', async () => {
    const prefix = await folderOf({ a: 'a' });
    let changes = 1;
    s3.proxy.faults(({ method, path }) => {
      const isRead = method === 'GET' && path.includes(`${prefix}a`);
      return isRead && changes-- > 0 ? { status: 412, name: 'PreconditionFailed' } : 'none';
    });
    await user.ocrpipe('import-url', urlOf(prefix), 'moving', ...there);
    expect([user.read('moving/a'), asked()]).toEqual(['a', ['LIST', 'GET a', 'LIST', 'GET a']]);
  });

  it.each([{ objects: { '.git/hooks/x': '' } }, { objects: { a: '', 'a/b': '' } }])(
    'refuses names that no file can have: %o',
    async ({ objects }) => {
      const prefix = await folderOf(objects);
      s3.proxy.faults(() => 'none');
      const refused = await fails('import-url', urlOf(prefix), 'named', ...there);
      expect(refused).toMatchObject({ exitCode: 2, code: 'object-name-refused' });
      expect([asked(), user.has('named.ocr')]).toEqual([['LIST'], false]);
    },
  );

  it('refuses a folder without objects', async () => {
    expect(await fails('import-url', urlOf('nothing/'), 'none', ...there)).toMatchObject({
      code: 'url-missing',
    });
  });
});

describe('import-url from a bucket that keeps versions', () => {
  const url = `s3://${VERSIONED}/k`;
  let first: string | undefined;
  beforeAll(async () => {
    await client.send(new CreateBucketCommand({ Bucket: VERSIONED }));
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: VERSIONED, VersioningConfiguration }));
    first = await put('k', 'first', VERSIONED);
    await put('k', 'second', VERSIONED);
  });

  it('stays with the version that was asked for until it is told otherwise', async () => {
    await user.ocrpipe('import-url', `${url}?versionId=${first!}`, 'pinned', ...there);
    expect(user.read('pinned')).toBe('first');
    expect(user.read('pinned.ocr')).toContain(`  url: "${url}"\n`);
    expect(user.read('pinned.ocr')).toContain(`  versionId: "${first!}"\n  pinned: true\n`);
    s3.proxy.faults(() => 'none');
    expect((await user.json<UpdateResult>('update', 'pinned')).imports[0]).toMatchObject({
      state: 'unchanged',
    });
    expect(asked()).toEqual([]);
    expect(await user.ocrpipe('status', '--imports')).toMatch(/pinned +locked/);

    await user.ocrpipe('update', 'pinned', '--version-id', 'latest');
    expect([user.read('pinned'), user.read('pinned.ocr').includes('pinned: true')]).toEqual([
      'second',
      false,
    ]);
    await user.ocrpipe('update', 'pinned', '--version-id', first!);
    expect([user.read('pinned'), user.read('pinned.ocr').includes('pinned: true')]).toEqual(['first', true]);
  });

  it('says which version it found where none was asked for, and follows what changes', async () => {
    const second = await put('followed', 'one', VERSIONED);
    await user.ocrpipe('import-url', `s3://${VERSIONED}/followed`, ...there);
    expect(user.read('followed.ocr')).toContain(`  versionId: "${second!}"\n`);
    const third = await put('followed', 'two', VERSIONED);
    await user.ocrpipe('update', 'followed');
    expect(user.read('followed')).toBe('two');
    expect(user.read('followed.ocr')).toContain(`  versionId: "${third!}"\n`);
  });

  it('names a version that is not there, and addresses that have none', async () => {
    const missing = await fails('import-url', url, 'x', '--version-id', '0'.repeat(32), ...there);
    expect(missing).toMatchObject({ exitCode: 2, code: 'url-missing' });
    expect(missing.message).toContain('no version');
    for (const other of ['https://example.org/x', `${url}/`, `${url}?versionId=a`])
      expect(await fails('import-url', other, 'x', '--version-id', 'b')).toMatchObject({
        code: 'url-refused',
      });
  });
});

describe('straight to a remote on S3', () => {
  const LARGE = randomBytes(1_500_000);

  async function remoteFor(workspace: TestWorkspace): Promise<void> {
    const url = `s3://${s3.server.bucket}/remotes/${randomUUID()}`;
    await workspace.ocrpipe('remote', 'add', 'team', url, '--endpoint', s3.proxy.endpoint);
  }

  const isPack = ({ method, path }: SeenRequest): boolean => method === 'PUT' && path.includes('.pack');
  const isCatalog = ({ method, path }: SeenRequest): boolean => method === 'PUT' && path.includes('.cat');
  const isLarge = ({ method, path }: SeenRequest): boolean => method === 'PUT' && path.includes('/objects/');

  it('goes a folder, and is only finished by the same command after it was killed', async () => {
    const a = await newUser('adder');
    await remoteFor(a);
    const camera = join(home, 'camera');
    mkdirSync(camera);
    for (let index = 0; index < 20; index += 1) writeFileSync(join(camera, `${index}`), randomBytes(3000));
    writeFileSync(join(camera, 'large'), LARGE);
    const args = ['add', '--to-remote', camera, '--out', 'data'];
    for (const isLast of [isLarge, isPack, isCatalog]) {
      const killed = await killedAt(isLast, a.root, ...args);
      expect([killed.signal, a.has('data.ocr')]).toEqual(['SIGKILL', false]);
    }
    await a.ocrpipe(...args);
    const sent = s3.proxy.seen.filter(({ method, path }) => method === 'PUT' && /\.pack\b/.test(path));
    expect(sent.map(({ path }) => path)).toEqual([]);
    await a.ocrpipe('fsck', '--remote');
    const stored = statSync(a.path('.ocrstore/objects'), { throwIfNoEntry: false });
    expect([a.has('data'), stored === undefined || listing(a.path('.ocrstore/objects')).length]).toEqual([
      false,
      0,
    ]);
    await a.commit('data');
    const b = await cloneOf(a, join(home, 'getter'));
    await b.ocrpipe('pull');
    expect(listing(b.path('data'))).toEqual(listing(camera));
  });

  it('goes an imported object, and is only finished by the same command after it was killed', async () => {
    const a = await newUser('importer');
    await remoteFor(a);
    // Smaller ones are offered again, on the condition that they are not there.
    const body = Buffer.alloc(33 * 1024 * 1024, 'scan');
    const prefix = await folderOf({ 'scan.tar': body });
    const args = ['import-url', `${urlOf(prefix)}scan.tar`, '--to-remote', ...there];
    for (const isLast of [isLarge, isCatalog]) {
      const killed = await killedAt(isLast, a.root, ...args);
      expect([killed.signal, a.has('scan.tar.ocr')]).toEqual(['SIGKILL', false]);
    }
    await a.ocrpipe(...args);
    // It was all there: neither fetched nor sent again.
    const bodies = s3.proxy.seen.filter(
      (request) => request.method === 'GET' && request.path.includes('scan.tar'),
    );
    expect([bodies.length, s3.proxy.seen.filter(isLarge).length]).toEqual([0, 0]);
    expect([a.has('scan.tar'), a.has('scan.tar.ocr')]).toEqual([false, true]);
    await a.ocrpipe('pull');
    expect(contentIdOf(readFileSync(a.path('scan.tar')))).toBe(contentIdOf(body));
  });

  /** Names and bytes of a folder of a bucket: small ones, some of them the same, and large ones. */
  const bodies = (): Record<string, Buffer> => ({
    ...Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [`sub/${at}`, randomBytes(at % 3 ? 3000 : 0)]),
    ),
    first: randomBytes(1_400_000),
    'sub/second': randomBytes(2_300_000),
  });

  const expectPulled = async (
    from: TestWorkspace,
    name: string,
    path: string,
    wanted: () => Record<string, Buffer>,
  ) => {
    await from.commit(name);
    const clone = await cloneOf(from, join(home, name));
    await clone.ocrpipe('pull');
    for (const [key, body] of Object.entries(wanted()))
      expect(readFileSync(clone.path(`${path}/${key}`)).equals(body)).toBe(true);
  };

  /** Bytes that a store has of files: listings are small. */
  const stored = ({ root }: TestWorkspace): number =>
    ['objects', 'packs', 'tmp']
      .map((folder) => join(root, '.ocrstore', folder))
      .flatMap((folder) =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((at) => join(folder, at)),
      )
      .map((file) => statSync(file))
      .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);

  it('goes an imported folder, of which a change moves what changed, and update knows its objects', async () => {
    const a = await newUser('folder-importer');
    await remoteFor(a);
    const wanted = bodies();
    const prefix = await folderOf(wanted);
    const args = ['import-url', urlOf(prefix), 'scans', '--to-remote', ...there];
    const imported = await a.json<ImportUrlResult>(...args);
    expect(imported).toMatchObject({ path: 'scans', files: 32, source: { url: urlOf(prefix) } });
    expect([a.has('scans'), stored(a) < 20_000]).toEqual([false, true]);
    expect(await a.ocrpipe('fsck', '--remote')).toContain('sound');
    await a.commit('imported');
    expect(await a.json('push')).toMatchObject({ objects: 0 });
    s3.proxy.faults(() => 'none');
    const same = await a.json<UpdateResult>('update', 'scans');
    expect([same.imports[0]?.state, asked()]).toEqual(['unchanged', ['LIST']]);
    await expectPulled(a, 'folder-getter', 'scans', () => wanted);

    wanted['sub/4'] = Buffer.from('another');
    wanted['sub/second'] = randomBytes(2_000_000);
    for (const key of ['sub/4', 'sub/second']) await put(prefix + key, wanted[key]!);
    expect((await a.run(['update', '--check', 'scans'])).exitCode).toBe(3);
    s3.proxy.faults(() => 'none');
    await a.ocrpipe(...args, '--force');
    const moved = s3.proxy.seen.filter(({ method, path }) => method === 'GET' && path.includes(prefix));
    expect(new Set(moved.map(({ path }) => path.replace(/\?.*/, '').replace(/.*\//, '')))).toEqual(
      new Set(['4', 'second']),
    );
    expect(stored(a)).toBeLessThan(40_000);
    await expectPulled(a, 'folder-getter-again', 'scans', () => wanted);

    delete wanted['first'];
    await client.send(new DeleteObjectCommand({ Bucket: s3.server.bucket, Key: `${prefix}first` }));
    await a.ocrpipe('update', 'scans');
    expect([a.has('scans/first'), a.has('scans/sub/29')]).toEqual([false, true]);
  });

  it('goes an imported folder that is here, with what came by add as well', async () => {
    const a = await newUser('folder-owner');
    await remoteFor(a);
    const wanted = bodies();
    const prefix = await folderOf(wanted);
    await a.ocrpipe('import-url', urlOf(prefix), 'scans', ...there);
    s3.proxy.faults(() => 'none');
    await a.ocrpipe('import-url', urlOf(prefix), 'again', '--to-remote', ...there);
    expect(s3.proxy.seen.filter(({ method, path }) => method === 'GET' && path.includes(prefix))).toEqual([]);
    a.remove('scans');
    a.remove('scans.ocr');
    await expectPulled(a, 'folder-owner-clone', 'again', () => wanted);
  });

  it('goes an imported folder, and is only finished by the same command after it was killed', async () => {
    const a = await newUser('folder-killed');
    await remoteFor(a);
    const wanted = bodies();
    const prefix = await folderOf(wanted);
    const args = ['import-url', urlOf(prefix), 'scans', '--to-remote', ...there];
    const isRead = ({ method, path }: SeenRequest): boolean =>
      method === 'GET' && path.includes('/sub/second');
    for (const isLast of [isRead, isLarge, isPack, isCatalog]) {
      const killed = await killedAt(isLast, a.root, ...args);
      expect([killed.signal, a.has('scans.ocr')]).toEqual(['SIGKILL', false]);
    }
    await a.ocrpipe(...args);
    // What arrived of large ones before is not asked for again.
    const large = s3.proxy.seen.filter(({ method, path }) => method === 'GET' && /first|second/.test(path));
    expect(large).toEqual([]);
    expect(readdirSync(a.path('.ocrstore/tmp'))).toEqual([]);
    expect(await a.ocrpipe('fsck', '--remote')).toContain('sound');
    await expectPulled(a, 'folder-killed-clone', 'scans', () => wanted);
  });

  it('tells which of the two refuses', async () => {
    const a = await newUser('folder-refused');
    await remoteFor(a);
    const prefix = await folderOf({ a: 'a' });
    const failure = async (isRefused: (request: SeenRequest) => boolean) => {
      s3.proxy.faults((request) => (isRefused(request) ? { status: 403, name: 'AccessDenied' } : 'none'));
      const { stdout } = await a.run(['import-url', urlOf(prefix), '--to-remote', ...there, '--json']);
      s3.proxy.faults(() => 'none');
      return (JSON.parse(stdout) as { error: { code: string } }).error.code;
    };
    expect(await failure(isPack)).toBe('remote-denied');
    expect(await failure(({ method, path }) => method === 'GET' && path.includes(`${prefix}a`))).toBe(
      'url-denied',
    );
    expect([a.has('a.ocr'), readdirSync(a.path('.ocrstore/tmp'))]).toEqual([false, []]);
  });
});
