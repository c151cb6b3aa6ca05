import { spawn } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { RepoPath } from '../../../src/base/paths.js';
import { walkTree } from '../../../src/store/tree-reader.js';
import { TrackedFolder } from '../tracked-folder.js';

const data = 'data' as RepoPath;
const WRITING_MS = 1500;

/** Writes whole files, cuts, lengthens and replaces them, small and large ones, as fast as it can. */
const WRITER = `
  const fs = require('node:fs');
  const folder = process.argv[1];
  const sizes = [0, 10, 70_000, 1_048_575, 1_048_576, 1_700_000];
  const end = Date.now() + ${WRITING_MS};
  for (let n = 1; Date.now() < end; n += 1) {
    const file = folder + '/' + (n % 4);
    const size = sizes[(n * 7) % sizes.length];
    switch (n % 5) {
      case 0: fs.truncateSync(file, size); break;
      case 1: fs.appendFileSync(file, Buffer.alloc(50_000, n % 251)); break;
      case 2: fs.writeFileSync(file + '.new', Buffer.alloc(size, n % 251)); fs.renameSync(file + '.new', file); break;
      case 3: {
        const fd = fs.openSync(file, 'r+');
        fs.writeSync(fd, Buffer.alloc(size, n % 251), 0, size, 0);
        fs.closeSync(fd);
        break;
      }
      default: fs.writeFileSync(file, Buffer.alloc(size, n % 251));
    }
  }
`;

describe('a folder that is written while it is stored', () => {
  test(
    'is stored as files that are whole, each of the size that is said of it',
    { timeout: 60_000 },
    async () => {
      const folder = new TrackedFolder();
      for (const name of ['0', '1', '2', '3']) folder.write(`data/${name}`, Buffer.alloc(1_200_000));
      const child = spawn(process.execPath, ['-e', WRITER, folder.path('data')], { stdio: 'inherit' });
      const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
      const outcomes = { stored: 0, refused: 0 };
      while (child.exitCode === null && child.signalCode === null) {
        // Its end is heard in between only.
        await setImmediate();
        const files = folder.files();
        const snapshot = await files.store(data).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'file-keeps-changing' });
        });
        if (snapshot === undefined) outcomes.refused += 1;
        else {
          outcomes.stored += 1;
          expect(files.inStore(snapshot)).toBe(true);
          // Reading compares the bytes with the id; the walk compares totals.
          const reader = folder.store;
          for (const { entry } of walkTree({ reader, id: snapshot.id })) {
            if (entry.kind === 'file') expect(reader.read('blob', entry.id).length).toBe(entry.size);
          }
        }
      }
      expect(await ended).toBe(0);
      expect(outcomes.stored + outcomes.refused).toBeGreaterThan(0);
      // What is there in the end is told exactly.
      await folder.add('data');
      folder.remove('.ocrstore/index');
      expect(await folder.state('data')).toBe('clean');
    },
  );
});
