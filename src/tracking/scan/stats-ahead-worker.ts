import { lstatSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { fsPathsIn, type BytePath } from '../byte-path.js';
import { BlockReader, startsOf } from './stat-index-format.js';
import { LOOK, NAMES_TOGETHER, take, type StatsRequest } from './stats-ahead.js';

/** A thread of {@link StatsAhead}: looks at all names that nobody has taken yet, from the last to the first, and then answers. */
parentPort!.on('message', ({ folders, looks }: StatsRequest) => {
  for (const { folder, entries: bytes, first } of folders.toReversed()) {
    const entries = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const starts = startsOf(entries, NAMES_TOGETHER);
    for (let at = starts.length - 1; at >= 0; at -= 1) {
      if (!take(looks, first + at)) continue;
      const same = areSame(folder, entries.subarray(starts[at], starts[at + 1]));
      Atomics.store(looks, first + at, same ? LOOK.same : LOOK.other);
    }
  }
  parentPort!.postMessage(undefined);
});

/** Folders among the names are looked at by the scan. */
function areSame(folder: BytePath, entries: Buffer): boolean {
  const pathOf = fsPathsIn(folder);
  for (const reader = new BlockReader({ entries }); reader.next();) {
    if (!reader.isFolder && !isSame(pathOf(reader.name), reader)) return false;
  }
  return true;
}

function isSame(path: string | Buffer, reader: BlockReader): boolean {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat?.isFile() === true && reader.matches(stat);
  } catch {
    // The scan meets it too, and says what it is.
    return false;
  }
}
