import { posix } from 'node:path';
import type { ByteName } from '../../store/byte-name.js';
import type { LocalStore } from '../../store/local-store.js';
import type { FileEntry } from '../../store/tree-format.js';
import { repoPath, type AbsPath } from '../../base/paths.js';
import { bytePath, type BytePath } from '../byte-path.js';
import { refuseEscapingLink } from './checkout-plan.js';
import { drive } from './drive.js';
import { LargeFiles } from './large-files.js';
import { PlacingThreads } from './placing-threads.js';
import { writeNewFile } from './put-file.js';
import { ShortPaths } from './short-paths.js';
import { makeFolder, makeLinks, type WaitingLink, type Work } from './write-files.js';
import { writeFresh } from './write-fresh.js';
import type { CallOptions, Snapshot } from '../workspace-files.js';

/**
 * Writes what a snapshot names to `target`, a free name anywhere on this machine, verified: the files are clones or copies, never
 * links to the store. Not atomic: give it a name that nobody looks at yet. Throws `object-missing` and `object-damaged`.
 */
export async function writeOut(
  store: LocalStore,
  snapshot: Snapshot,
  target: AbsPath,
  options: CallOptions = {},
): Promise<void> {
  const path = bytePath(target);
  const threads = new PlacingThreads();
  const paths = new ShortPaths();
  const source = { store, paths, large: new LargeFiles(store, { root: target, links: ['reflink', 'copy'] }) };
  const shown = repoPath(posix.basename(target));
  const work = function* (): Work<void> {
    if (snapshot.kind === 'file') {
      yield* writeNewFile(source, path, entryOf(path, snapshot));
      return;
    }
    makeFolder(path);
    const links: WaitingLink[] = yield* writeFresh({ reader: store, id: snapshot.id }, path, {
      ...source,
      threads,
      written: () => undefined,
      placed: () => undefined,
      guard: (_below, write) => write(),
      check: (below, entry) => {
        if (entry.kind === 'symlink') refuseEscapingLink(shown, below, entry);
      },
    });
    makeLinks(links, () => undefined);
  };
  const total = snapshot.files ?? 1;
  await drive(work(), { key: `write ${shown}`, total, close: () => threads.close() }, options).finally(() => {
    paths.close();
  });
}

function entryOf(path: BytePath, { id, size, executable = false }: Snapshot): FileEntry {
  return { kind: 'file', name: posix.basename(path) as ByteName, id, size, executable };
}
