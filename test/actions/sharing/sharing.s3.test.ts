import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ImportUrlResult } from '../../../src/actions/import-url.js';
import type { UpdateResult } from '../../../src/actions/update.js';
import { contentIdOf } from '../../../src/base/content-id.js';
import { S3Remote } from '../../../src/remote/backends/s3/s3-remote.js';
import { RANGE_BYTES } from '../../../src/remote/fetch/resumable-download.js';
import { faultyS3 } from '../../rig/faulty-s3.js';
import { awsEnvironment } from '../../rig/s3-server.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { gitFolder, TestWorkspace } from '../../rig/workspace.js';
import { cloneOf, goTo, reproduced, writeHistory } from './scope-story.js';

const s3 = faultyS3();
let home: string;
let user: TestWorkspace;
/** How the server is reached for importing. */
let there: string[];
const folder = `sources/${randomUUID()}`;

beforeAll(async () => {
  home = temporaryFolder(afterAll);
  const { root, env } = await gitFolder(join(home, 'user'));
  user = new TestWorkspace(root, { ...env, ...awsEnvironment(s3.server.users.writer) });
  await user.ocrpipe('init');
  there = ['--endpoint', s3.proxy.endpoint];
});

const urlOf = (key: string): string => `s3://${s3.server.bucket}/${folder}/${key}`;

/** Puts an object there as anybody would. */
async function put(key: string, bytes: Uint8Array): Promise<void> {
  const { accessKeyId, secretAccessKey } = s3.server.users.writer;
  Object.assign(process.env, awsEnvironment({ accessKeyId, secretAccessKey }));
  const { bucket, endpoint } = s3.server;
  const remote = await S3Remote.open({ bucket, prefix: `${folder}/`, endpoint });
  await remote.put(key, { bytes }, { sha256: contentIdOf(bytes) });
  remote.close();
}

const fails = async (env: Record<string, string>, ...args: string[]) => {
  const { exitCode, stdout } = await user.run([...args, '--json'], env);
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint?: string } };
  return { exitCode, ...error };
};

describe('import-url from a bucket', () => {
  beforeEach(async () => {
    await put('labels.json', Buffer.from('first'));
  });

  it('tracks an object, and downloads it again only when its etag is another', async () => {
    const result = await user.json<ImportUrlResult>('import-url', urlOf('labels.json'), ...there);
    expect(result).toMatchObject({ path: 'labels.json', size: 5, id: contentIdOf('first') });
    expect(user.read('labels.json')).toBe('first');
    expect(user.read('labels.json.ocr')).toContain(
      `source:\n  url: "${urlOf('labels.json')}"\n  etag: ${JSON.stringify(result.source.etag)}\n  endpoint: "${s3.proxy.endpoint}"\n`,
    );
    s3.proxy.faults(() => 'none');
    const same = await user.json<UpdateResult>('update', 'labels.json');
    expect(same.imports[0]).toMatchObject({ state: 'unchanged' });
    expect(s3.proxy.seen.map(({ method }) => method)).toEqual(['HEAD']);

    await put('labels.json', Buffer.from('second'));
    const checked = await user.run(['update', '--dry-run', '--json']);
    expect(checked).toMatchObject({ exitCode: 3 });
    expect(JSON.parse(checked.stdout)).toMatchObject({ imports: [{ state: 'outdated' }] });
    expect(user.read('labels.json')).toBe('first');
    const updated = await user.json<UpdateResult>('update');
    expect(updated.imports[0]).toMatchObject({ state: 'updated', new: contentIdOf('second') });
    expect(user.read('labels.json')).toBe('second');
    expect((await user.json<UpdateResult>('update')).imports[0]).toMatchObject({ state: 'unchanged' });
  });

  it('takes up what a failed run left, by range', async () => {
    const body = randomBytes(RANGE_BYTES + 1_000_000);
    await put('large.bin', body);
    const secondRange = new RegExp(`^bytes=${RANGE_BYTES}-`);
    s3.proxy.faults(({ headers }) =>
      secondRange.test(headers.range ?? '') ? { status: 403, name: 'AccessDenied' } : 'none',
    );
    const args = ['import-url', urlOf('large.bin'), ...there];
    expect(await fails({}, ...args)).toMatchObject({ exitCode: 2, code: 'url-denied' });
    expect(user.has('large.bin')).toBe(false);
    s3.proxy.faults(() => 'none');
    await user.ocrpipe(...args);
    const ranges = s3.proxy.seen.flatMap(({ method, headers }) => (method === 'GET' ? [headers.range] : []));
    expect(ranges).toEqual([expect.stringMatching(secondRange)]);
    expect(readFileSync(user.path('large.bin')).equals(body)).toBe(true);
  });

  it('goes on where a connection is cut', async () => {
    const body = randomBytes(3_000_000);
    await put('cut.bin', body);
    s3.proxy.faults(({ method, number }) => (method === 'GET' && number < 4 ? { cutAt: 900_000 } : 'none'));
    await user.ocrpipe('import-url', urlOf('cut.bin'), ...there);
    expect(s3.proxy.seen.length).toBeGreaterThan(2);
    expect(readFileSync(user.path('cut.bin')).equals(body)).toBe(true);
  });

  it('needs no credentials where everybody may read, and says so where there are none', async () => {
    const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
    const args = ['import-url', urlOf('labels.json'), 'open.json', ...there];
    const refused = await fails(none, ...args);
    expect(refused).toMatchObject({ exitCode: 2, code: 'credentials-missing' });
    expect(refused.hint).toContain('--anonymous');
    expect((await user.run([...args, '--anonymous'], none)).exitCode).toBe(0);
    expect(user.read('open.json.ocr')).toContain('  anonymous: true\n');
    const updated = await user.run(['update', 'open.json', '--json'], none);
    expect(JSON.parse(updated.stdout)).toMatchObject({ imports: [{ state: 'unchanged' }] });
  });

  it('takes a profile for once, and keeps neither it nor what is secret', async () => {
    const { accessKeyId, secretAccessKey } = s3.server.users.reader;
    const credentials = join(home, 'credentials');
    writeFileSync(
      credentials,
      `[team]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    );
    const env = {
      ...{ AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
    };
    const args = ['import-url', urlOf('labels.json'), 'team.json', ...there];
    expect((await user.run([...args, '--profile', 'team'], env)).exitCode).toBe(0);
    expect(user.read('team.json.ocr')).not.toMatch(/team\b.*\n.*profile|secret|profile/);
    expect((await user.run(['update', 'team.json', '--profile', 'team'], env)).exitCode).toBe(0);
    const refused = await fails(env, 'update', 'team.json');
    expect(refused).toMatchObject({ exitCode: 2, code: 'credentials-missing' });
    expect(refused.hint).toContain('ocrpipe update team.json --profile PROFILE');
  });

  it.each([
    { url: 'missing.json', code: 'url-missing', says: 'there is no object s3://' },
    { url: 's3://no-such-bucket/x', code: 'bucket-missing', says: 'no-such-bucket' },
    { url: 'folder/', code: 'url-missing', says: 'no objects below' },
    { url: 's3://me:hidden@bucket/x', code: 'url-refused', says: 'user name or password' },
  ])('refuses $url with $code', async ({ url, code, says }) => {
    const full = url.startsWith('s3:') ? url : urlOf(url);
    const refused = await fails({}, 'import-url', full, 'refused', ...there);
    expect(refused).toMatchObject({ exitCode: 2, code });
    expect(refused.message).toContain(says);
    expect(JSON.stringify(refused)).not.toContain('hidden');
    expect(user.has('refused.ocr')).toBe(false);
  });

  it('names what is refused, and the endpoint where nobody answers', async () => {
    s3.proxy.faults(() => ({ status: 403, name: 'AccessDenied' }));
    const denied = await fails({}, 'import-url', urlOf('labels.json'), 'refused', ...there);
    expect(denied).toMatchObject({ exitCode: 2, code: 'url-denied' });
    expect(denied.hint).toContain('s3:GetObject');
    const nobody = ['--endpoint', 'http://127.0.0.1:1'];
    expect(await fails({}, 'import-url', urlOf('labels.json'), 'refused', ...nobody)).toMatchObject({
      code: 'remote-unreachable',
    });
    expect(await fails({}, 'import-url', 'https://example.org/x', ...nobody)).toMatchObject({
      code: 'url-refused',
    });
  });
});

describe('push and pull of all commits and runs over a bucket', () => {
  it('bring a second machine everything, and a third the runs alone', async () => {
    const { root, env } = await gitFolder(join(home, 'a'));
    const a = new TestWorkspace(root, { ...env, ...awsEnvironment(s3.server.users.writer) });
    await a.ocrpipe('init');
    const url = `s3://${s3.server.bucket}/remotes/${randomUUID()}`;
    await a.ocrpipe('remote', 'add', 'team', url, '--endpoint', s3.server.endpoint);
    await writeHistory(a);
    await a.ocrpipe('push', '--all-commits', '--runs');
    expect(await a.json('push', '--all-commits', '--runs')).toMatchObject({ objects: 0, bytes: 0 });
    const b = await cloneOf(a, join(home, 'b'));
    await b.ocrpipe('pull', '--all-commits', '--runs');
    expect(await reproduced(b)).toBe('fresh');
    expect(await goTo(b, 'refs/ocrpipe/exp/tried')).toBe('tried');
    expect(await reproduced(b)).toBe('fresh');
    const c = await cloneOf(a, join(home, 'c'));
    await c.ocrpipe('pull', '--runs');
    c.write('data/raw/words.txt', 'wide\n');
    c.write('params.yaml', 'n: 1\n');
    expect(await reproduced(c)).toBe('restored');
  });
});
