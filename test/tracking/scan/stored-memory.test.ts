import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { machineName } from '../../../src/tracking/machine-name.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { missingFrom } from '../../../src/store/closure.js';
import { LocalStore } from '../../../src/store/local-store.js';
import { bytePath } from '../../../src/tracking/byte-path.js';
import type { FileTimes } from '../../../src/tracking/scan/file-times.js';
import { StatIndex } from '../../../src/tracking/scan/stat-index.js';
import { TrackedFolder } from '../tracked-folder.js';
import fc, { runs } from '../../rig/fast-check.js';

const data = 'data' as RepoPath;
/** Times count as settled at once, so that every scan remembers all that it may. */
const settled: FileTimes = {
  view: (stat) => stat,
  settledBefore: () => Number.POSITIVE_INFINITY,
  showsNames: () => true,
};

function folderWithFiles(): TrackedFolder {
  const folder = new TrackedFolder(settled);
  for (const file of ['a', 'b', 'sub/c', 'sub/deep/d']) folder.write(`data/${file}`, file);
  return folder;
}

function packs(folder: TrackedFolder): string[] {
  const path = folder.path('.ocrstore/packs');
  return readdirSync(path).map((name) => join(path, name));
}

/** What a process that starts now remembers as stored. */
function storedFolders(folder: TrackedFolder): string[] {
  const index = new StatIndex(folder.path(`.ocrstore/index/${machineName()}/stat`));
  const { store } = folder;
  if (!index.storedIn(store.packSizes())) return [];
  return ['data', 'data/sub', 'data/sub/deep'].filter((path) => {
    const { memory } = index.folder(bytePath(path));
    return memory !== undefined && memory.stored === memory.tree.id;
  });
}

/** What is not in the store after another process stored the directory. */
async function lackingAfterStore(folder: TrackedFolder): Promise<unknown[]> {
  const { id } = (await folder.files().store(data))!;
  return [...missingFrom({ reader: LocalStore.open(folder.path('.ocrstore')), id })];
}

describe('what is remembered as stored', () => {
  test('is every folder of a directory that was stored, until something in it changes', async () => {
    const folder = folderWithFiles();
    await folder.files().store(data);
    expect(storedFolders(folder)).toEqual(['data', 'data/sub', 'data/sub/deep']);
    folder.write('data/sub/c', 'changed');
    await folder.state('data');
    expect(storedFolders(folder)).toEqual(['data/sub/deep']);
  });

  test('stays so when other packs come, and is nothing when one goes', async () => {
    const folder = folderWithFiles();
    await folder.files().store(data);
    const own = packs(folder);
    folder.write('other/x', 'x');
    await folder.files().store('other' as RepoPath);
    expect(storedFolders(folder)).toHaveLength(3);
    rmSync(own[0]!);
    expect(storedFolders(folder)).toEqual([]);
  });

  test('is nothing where storing failed half-way', async () => {
    const folder = folderWithFiles();
    execFileSync('mkfifo', [folder.path('data/sub/fifo')]);
    await expect(folder.files().store(data)).rejects.toMatchObject({ code: 'not-trackable' });
    expect(storedFolders(folder)).toEqual([]);
    rmSync(folder.path('data/sub/fifo'));
    expect(await lackingAfterStore(folder)).toEqual([]);
  });

  test.each([
    ['a pack', '.ocrstore/packs'],
    ['the file of a large blob', '.ocrstore/objects'],
  ])('lets no pointer be written when %s went meanwhile', async (_what, where) => {
    const folder = folderWithFiles();
    folder.write('data/sub/large', Buffer.alloc(1_100_000));
    const files = folder.files();
    const snapshot = (await files.store(data))!;
    const [gone] = readdirSync(folder.path(where), { recursive: true, encoding: 'utf8' }).reverse();
    rmSync(folder.path(join(where, gone!)));
    await expect(files.writePointer(data, snapshot)).rejects.toMatchObject({ code: 'pointer-to-nothing' });
    await folder.add('data');
    expect(await folder.state('data')).toBe('clean');
  });

  test('lets no pointer of a single file be written when its pack went meanwhile', async () => {
    const folder = folderWithFiles();
    const file = 'data/sub/b' as RepoPath;
    folder.write(file, 'b');
    const files = folder.files();
    const snapshot = (await files.store(file))!;
    rmSync(folder.path('.ocrstore/packs'), { recursive: true });
    await expect(files.writePointer(file, snapshot)).rejects.toMatchObject({ code: 'pointer-to-nothing' });
  });

  const step = fc.oneof(
    fc.record({
      do: fc.constant('write' as const),
      name: fc.constantFrom('a', 'sub/c', 'sub/deep/d', 'sub/new/e'),
      text: fc.constantFrom('1', '2'),
    }),
    fc.record({ do: fc.constant('lose-pack' as const), which: fc.nat(5) }),
    fc.constant({ do: 'look' as const }),
    fc.constant({ do: 'store-other' as const }),
    fc.constant({ do: 'store' as const }),
  );

  test('never makes a directory count as stored that is not', async () => {
    const law = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const folder = folderWithFiles();
      for (const action of steps) {
        if (action.do === 'write') folder.write(`data/${action.name}`, action.text);
        else if (action.do === 'lose-pack') rmSync(packs(folder)[action.which] ?? '', { force: true });
        else if (action.do === 'look') await folder.state('data');
        else if (action.do === 'store') expect(await lackingAfterStore(folder)).toEqual([]);
        else {
          folder.write('other/x', 'other');
          await folder.files().store('other' as RepoPath);
        }
      }
      expect(await lackingAfterStore(folder)).toEqual([]);
    });
    await fc.assert(law, { numRuns: runs(40) });
  });
});
