import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { contentIdOf, type ContentId } from '../../../src/base/content-id.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { treeEntries } from '../../../src/store/tree-reader.js';
import { TrackedFolder } from '../tracked-folder.js';

const data = 'data' as RepoPath;
const hasPython = spawnSync('python3', ['-c', 'import mmap']).status === 0;

/**
 * Maps the files and writes through the mappings, over and over, without msync, until a line comes; then writes once more through
 * mappings that it makes anew when another line comes, and keeps them. Answers each line when that is done.
 */
const WRITER = `
import mmap, select, sys
def mapped():
    maps = []
    for path in sys.argv[1:]:
        with open(path, "r+b") as file:
            maps.append(mmap.mmap(file.fileno(), 0))
    return maps
maps, n = mapped(), 0
print("maps", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    n += 1
    for each in maps:
        each[:] = bytes([n % 251]) * len(each)
for each in maps:
    each.close()
sys.stdin.readline()
print("done", flush=True)
sys.stdin.readline()
kept = mapped()
for each in kept:
    each[:4] = b"last"
print("done", flush=True)
sys.stdin.readline()
`;

describe.skipIf(!hasPython)(
  'a file that a program has mapped and writes through memory (needs Python)',
  () => {
    test('is stored under the id of exactly the bytes that are stored, and a later write is seen', async () => {
      const folder = new TrackedFolder();
      const sizes = { small: 70_000, large: 1_700_000 };
      for (const [name, size] of Object.entries(sizes)) folder.write(`data/${name}`, Buffer.alloc(size));
      const paths = Object.keys(sizes).map((name) => folder.path(`data/${name}`));
      const writer = spawn('python3', ['-c', WRITER, ...paths], { stdio: ['pipe', 'pipe', 'inherit'] });
      onTestFinished(() => void writer.kill());
      await once(writer.stdout, 'data');
      const told = async () => {
        const answer = once(writer.stdout, 'data');
        writer.stdin.write('\n');
        await answer;
      };
      const ids = new Set<ContentId>();
      // On a busy machine the other program may not write for rounds.
      for (let round = 0; round < 12 || ids.size <= 3; round += 1) {
        await setImmediate();
        const snapshot = await folder
          .files()
          .store(data)
          .catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'file-keeps-changing' });
          });
        if (snapshot === undefined) continue;
        for (const entry of treeEntries({ reader: folder.store, id: snapshot.id })) {
          if (entry.kind !== 'file') continue;
          expect(contentIdOf(folder.store.read('blob', entry.id))).toBe(entry.id);
          ids.add(entry.id);
        }
      }
      await told();
      await folder.add('data');
      expect(await folder.state('data')).toBe('clean');
      await told();
      expect(await folder.state('data')).toBe('modified');
      await folder.add('data');
      expect(folder.read('data/small').slice(0, 4)).toBe('last');
      folder.remove('.ocrstore/index');
      expect(await folder.state('data')).toBe('clean');
    });
  },
);
