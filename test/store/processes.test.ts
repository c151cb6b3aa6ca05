import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import { missingFrom } from '../../src/store/closure.js';
import { LocalStore } from '../../src/store/local-store.js';
import { RunRecords } from '../../src/store/run-records.js';
import { walkTree } from '../../src/store/tree-reader.js';
import { toContentId } from '../../src/store/format.js';
import { verifyStore } from './verify-store.js';
import { runProcess, type RunResult } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const reader = fileURLToPath(new URL('./read-child.mjs', import.meta.url));
const child = fileURLToPath(new URL('./store-child.mjs', import.meta.url));

interface Work {
  root: string;
  large: string;
  files: number;
}

function newWork(files: number): Work {
  const folder = temporaryFolder();
  const large = join(folder, 'large');
  writeFileSync(large, Buffer.alloc(1024 * 1024 + 17, 5));
  return { root: join(folder, 'store'), large, files };
}

function storeAll({ root, large, files }: Work, killAt = 0): Promise<RunResult> {
  return runProcess(process.execPath, [child, root, large, String(files)], {
    cwd: join(root, '..'),
    env: { OCRPIPE_TEST_KILL_AT: String(killAt) },
  });
}

/** Everything readable verifies, no node is there without what it names, and nothing with a name is unreadable. */
function expectSound(root: string): LocalStore | undefined {
  if (!readdirSync(join(root, '..')).includes('store') || !readdirSync(root).includes('format.json'))
    return undefined;
  const store = LocalStore.open(root);
  for (const finding of verifyStore(store)) throw new Error(JSON.stringify(finding));
  for (const table of store.packs()) {
    for (const { kind, id } of table.entries()) {
      if (kind === 'tree') expect([...missingFrom({ reader: store, id })]).toEqual([]);
    }
  }
  for (const { key } of new RunRecords(root).all())
    expect([...missingFrom({ reader: store, id: key })]).toEqual([]);
  store.close();
  return store;
}

describe('a store with damaged files that is read by processes', () => {
  it('keeps every sound object when a reader is killed while it sets them aside', async () => {
    let killed = 0;
    for (let killAt = 1; ; killAt += 1) {
      const store = LocalStore.create(join(temporaryFolder(), 'store'));
      const writer = store.writer();
      const contents = ['one', 'two', 'three', 'x'.repeat(1024 * 1024)];
      const ids = contents.map((content) => writer.putBlob(Buffer.from(content)));
      writer.finish();
      const sound = [ids[0]!, ids[2]!];
      for (const file of [store.packFile(store.packs()[0]!.packId), store.objectFile(ids[3]!)]) {
        const bytes = readFileSync(file);
        bytes[36]! ^= 1;
        chmodSync(file, 0o644);
        writeFileSync(file, bytes);
      }
      const read = (env: Record<string, string>): Promise<RunResult> =>
        runProcess(process.execPath, [reader, store.root, ...ids], { cwd: store.root, env });
      const { signal } = await read({ OCRPIPE_TEST_KILL_AT: String(killAt) });
      const after = LocalStore.open(store.root);
      expect(sound.every((id) => after.has('blob', id))).toBe(true);
      expect(await read({})).toMatchObject({ exitCode: 0, stdout: '2' });
      const found: unknown[] = [];
      for (const finding of verifyStore(LocalStore.open(store.root))) found.push(finding);
      expect(found).toEqual([]);
      if (signal === undefined) break;
      killed += 1;
    }
    expect(killed).toBeGreaterThan(3);
  });
});

describe('a store that is written by processes', () => {
  it('stays whole when the writer is killed at any write point, and the next run completes it', async () => {
    const work = newWork(300);
    const expected = (await storeAll(work)).stdout;
    const points: string[] = [];
    for (let killAt = 1; ; killAt += 1) {
      const again = newWork(300);
      const killed = await storeAll(again, killAt);
      expectSound(again.root);
      if (killed.exitCode === 0) break;
      points.push(killed.signal ?? killed.stderr);
      const rerun = await storeAll(again);
      expect(rerun).toMatchObject({ exitCode: 0, stdout: expected });
      expectSound(again.root);
      const store = LocalStore.open(again.root);
      expect([...walkTree({ reader: store, id: toContentId(expected) })]).toHaveLength(301);
      store.close();
    }
    expect(new Set(points)).toEqual(new Set(['SIGKILL']));
    expect(points.length).toBeGreaterThanOrEqual(12);
  });

  it('stays whole and holds no litter when a file cannot be written to its end', async () => {
    const work = newWork(1000);
    const limited = await runProcess(
      '/bin/sh',
      ['-c', 'ulimit -f 1024 && exec "$0" "$@"', process.execPath, child, work.root, work.large, '1000'],
      { cwd: join(work.root, '..') },
    );
    expect(limited).toMatchObject({ exitCode: 1, stdout: 'EFBIG' });
    expect(readdirSync(join(work.root, 'tmp'))).toEqual([]);
    expectSound(work.root);
    const { stdout } = await storeAll(work);
    const store = expectSound(work.root);
    expect([...missingFrom({ reader: store!, id: toContentId(stdout) })]).toEqual([]);
    store!.close();
  });

  it('is one sound store when several write the same and different things at once', async () => {
    const work = newWork(2000);
    const others = [1000, 2000, 2000, 1500].map((files) => ({ ...work, files }));
    const results = await Promise.all(others.map((other) => storeAll(other)));
    expect(results.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      others.map(() => ({ exitCode: 0, stderr: '' })),
    );
    const store = expectSound(work.root);
    for (const { stdout } of results) {
      expect([...missingFrom({ reader: store!, id: toContentId(stdout) })]).toEqual([]);
    }
    expect(readdirSync(join(work.root, 'tmp'))).toEqual([]);
    expect(store!.has('blob', contentIdOf(Buffer.alloc(3000, '3')))).toBe(true);
    store!.close();
  });
});
