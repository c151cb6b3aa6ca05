import { renameSync, rmSync, statSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import type { ContentId } from '../../base/content-id.js';
import { writePoint } from '../../base/write-points.js';
import { LARGE_BLOB_BYTES } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import { objectDamaged, type ObjectReader } from '../../store/object-reader.js';
import type { FileEntry } from '../../store/tree-format.js';
import { walkTree } from '../../store/tree-reader.js';
import { removeAbandonedIn } from '../abandoned.js';
import { fsPath, joinBytes, type BytePath } from '../byte-path.js';
import type { StoreLinks } from '../scan/store-links.js';
import type { UnchangedFiles } from '../scan/unchanged.js';
import type { Snapshot } from '../workspace-files.js';
import type { LargeFiles } from './large-files.js';
import { requireRealFolder, type WrittenBelow } from './real-folders.js';
import type { ShortPaths } from './short-paths.js';
import type { Unplaced } from './unplaced.js';
import type { Work } from './write-files.js';

/** A path whose large files are to be placed in another way. */
export interface Relinking extends WrittenBelow {
  store: LocalStore;
  /** Where listings are read. */
  trees: ObjectReader;
  storeLinks: StoreLinks;
  large: LargeFiles;
  unchanged: UnchangedFiles;
  paths: ShortPaths;
  unplaced: Unplaced;
  /** Where the path is. */
  top: BytePath;
  /** What it holds, but for what is named in `changed` (paths below it, raw bytes; of folders all that is in them). */
  snapshot: Snapshot;
  changed: ReadonlySet<string>;
  /** Called with each file that was placed. */
  placed: (path: BytePath, stat: Stats, id: ContentId) => void;
}

/** Places the large files that are in place already as they would be placed now, each by one rename. Returns how many. */
export function* relink(relinking: Relinking): Work<number> {
  const { store, storeLinks, unchanged, top } = relinking;
  const entered = new Set<BytePath>();
  let count = 0;
  for (const { below, entry } of largeFiles(relinking)) {
    const path = below === '' ? top : joinBytes(top, below);
    const folder = posix.dirname(path) as BytePath;
    if (!entered.has(folder)) removeAbandonedIn(folder);
    entered.add(folder);
    const isInPlace = unchanged.is(path, entry) && store.has('blob', entry.id, entry.size);
    if (!isInPlace) continue;
    const now = storeLinks.kindOf(fsPath(path), entry.id) ?? 'own';
    const temporary = relinking.paths.beside(path);
    yield* relinking.unplaced.guard(below, function* () {
      try {
        const placed = yield* relinking.large.placeOtherwise(now, temporary, entry);
        if (!placed) return;
        // A link says what the store's file holds by now: a file of its own gives way to sound bytes only.
        if (now === 'own') yield* requireSound(store, entry);
        requireRealFolder(folder, relinking);
        writePoint();
        renameSync(fsPath(temporary), fsPath(path));
        relinking.placed(path, statSync(fsPath(path)), entry.id);
        count += 1;
      } finally {
        rmSync(fsPath(temporary), { force: true });
      }
    });
  }
  return count;
}

function* requireSound(store: LocalStore, { id, size }: FileEntry): Work<void> {
  if (yield* store.holdsInSteps('blob', id, size)) return;
  throw objectDamaged('blob', id, store.root, 'its bytes have another hash');
}

function* largeFiles({
  trees,
  snapshot,
  changed,
}: Relinking): Generator<{ below: string; entry: FileEntry }> {
  if (snapshot.kind === 'file') {
    const { id, size, executable = false } = snapshot;
    const entry = { kind: 'file', name: '' as FileEntry['name'], id, size, executable } as const;
    if (size >= LARGE_BLOB_BYTES && !changed.has('')) yield { below: '', entry };
    return;
  }
  for (const { path, entry } of walkTree({ reader: trees, id: snapshot.id })) {
    if (entry.kind !== 'file' || entry.size < LARGE_BLOB_BYTES || isBelowAny(changed, path)) continue;
    yield { below: path, entry };
  }
}

function isBelowAny(folders: ReadonlySet<string>, path: string): boolean {
  for (let at = path; at !== '.'; at = posix.dirname(at)) {
    if (folders.has(at)) return true;
  }
  return folders.has('');
}
