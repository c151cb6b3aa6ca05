// `node bench/store/fsck.mjs [--bytes N] [--rounds N] [--folder DIR] [--keep] [--save]`: how fast `ocrpipe fsck` reads a store through: N bytes (1 GB)
// in files of 1 to 4 MiB, each of which is an object of its own, and in another store N bytes in files of 2 to 4 KB, which are in packs, beside
// sha256sum and openssl over the files of the same two stores (xargs -P2, four files at once). All of it was read before: hashing is measured, not the disk.
// Medians; --save keeps the raw figures in results/fsck.json. Needs five times N on the disk. DVC has no such command.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, measure } from '../measure.mjs';
import { contestant, inFreshFolder, inTurn, newRecord, newWorkspace, save, settle } from './contestants.mjs';
import { writeFiles, writeLarge, writePieces } from './data.mjs';
import { table } from './table.mjs';

const MIB = 2 ** 20;
/** What the files that data.mjs writes have on average. */
const LARGE_BYTES = 2.5 * MIB;
const SMALL_BYTES = 3072;
/** The floors, each of which reads and hashes every file of the store. */
const HASHERS = { 'sha256sum (xargs -P2)': 'sha256sum', 'openssl (xargs -P2)': 'openssl dgst -sha256' };

const { values: asked } = parseArgs({
  options: {
    bytes: { type: 'string', default: '1e9' },
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: tmpdir() },
    keep: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});
const bytes = Number(asked.bytes);
const tool = contestant('ocrpipe');
const { rows, record } = newRecord();

inFreshFolder('fsck', asked, (folder) => {
  const stores = [
    ['files of 1 to 4 MiB', storeOf(join(folder, 'large'), largeFiles)],
    ['files of 2 to 4 KB', storeOf(join(folder, 'small'), smallFiles)],
  ];
  for (const [what, workspace] of stores) {
    for (const read of Object.values(readers(workspace))) read();
    for (let round = 1; round <= Number(asked.rounds); round += 1) {
      for (const [name, read] of inTurn(Object.entries(readers(workspace)), round)) {
        record(round, name, what, { ...read(), bytes: bytesOf(workspace) });
      }
    }
  }
  const result = { ...circumstances(asked.folder), rounds: Number(asked.rounds), rows };
  console.log(table(result));
  if (asked.save) save('fsck', result);
});

/** What reads the store of a workspace through, and measures it, by name. */
function readers(workspace) {
  const floors = Object.entries(HASHERS).map(([name, hasher]) => [
    name,
    () => {
      const script = `find packs objects -type f -print0 | xargs -0 -P2 -n 4 ${hasher} > /dev/null`;
      return measure(['sh', '-c', script], { cwd: join(workspace, '.ocrstore') });
    },
  ]);
  const fsck = () => measure([...tool.program, 'fsck'], { cwd: workspace, env: tool.env });
  return Object.fromEntries([['ocrpipe', fsck], ...floors]);
}

/** A workspace whose store has what `write` writes. */
function storeOf(workspace, write) {
  newWorkspace(workspace, tool);
  write(workspace);
  execFileSync(tool.commands.add[0], tool.commands.add.slice(1), { cwd: workspace, stdio: 'ignore' });
  settle();
  return workspace;
}

function largeFiles(workspace) {
  const source = join(workspace, 'source');
  writeLarge(source, bytes);
  writePieces(source, join(workspace, 'data'), Math.ceil(bytes / LARGE_BYTES));
  rmSync(source);
}

function smallFiles(workspace) {
  writeFiles(join(workspace, 'data'), Math.ceil(bytes / SMALL_BYTES), 1000);
}

/** How many bytes the files have that a store is read through for. */
function bytesOf(workspace) {
  const script = "find packs objects -type f -printf '%s\\n' | awk '{ all += $1 } END { print all }'";
  return Number(execFileSync('sh', ['-c', script], { cwd: join(workspace, '.ocrstore') }));
}
