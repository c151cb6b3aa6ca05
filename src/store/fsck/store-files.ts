import { lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { FOLDERS, objectOfKey, packOfKey, runOfKey } from '../format.js';
import { namesIn } from '../temporary.js';
import { Trash } from '../trash.js';
import type { StoreFile } from './finding.js';

/** A file of a store and its bytes, as they are listed. */
export interface ListedFile extends StoreFile {
  size: number;
}

/** A file in the folders of a store that holds nothing anybody needs. */
export interface Leftover {
  file: string;
  /** Bytes. */
  size: number;
  /** When it was last written to, milliseconds since 1970. */
  mtimeMs: number;
}

/** Everything that stands in the folders of a store. */
export interface StoreListing {
  /** Packs, then large blobs, then run records, each sorted. */
  files: ListedFile[];
  /** Such files on their way out, which whoever misses them brings back. */
  trash: ListedFile[];
  /** Names in `packs/`, `objects/` and `runs/` that none of ours has: no reader sees them. */
  unknown: Leftover[];
  /** What running commands are writing, and what killed ones left. */
  tmp: Leftover[];
  /** What was found damaged and set aside. */
  quarantine: Leftover[];
}

const NAMED_BY: Readonly<
  Record<StoreFile['what'], { folder: string; idOf: (key: string) => string | undefined }>
> = {
  pack: { folder: FOLDERS.packs, idOf: packOfKey },
  blob: { folder: FOLDERS.objects, idOf: objectOfKey },
  run: { folder: FOLDERS.runs, idOf: (key) => runOfKey(key)?.record },
};

/** Lists a store. Nothing is read but names and sizes. */
export function listStore(root: string): StoreListing {
  const files: ListedFile[] = [];
  const unknown: Leftover[] = [];
  for (const what of ['pack', 'blob', 'run'] as const) {
    const { folder, idOf } = NAMED_BY[what];
    for (const { key, file, stat } of filesBelow(root, folder)) {
      const id = idOf(key) as StoreFile['id'] | undefined;
      if (id === undefined) unknown.push(leftover(file, stat));
      else files.push({ what, id, key, file, size: stat.size });
    }
  }
  const others = (folder: string): Leftover[] =>
    [...filesBelow(root, folder)].map(({ file, stat }) => leftover(file, stat));
  const [tmp, quarantine] = [others(FOLDERS.tmp), others(FOLDERS.quarantine)];
  return { files, trash: trashOf(root), unknown, tmp, quarantine };
}

function trashOf(root: string): ListedFile[] {
  return [...new Trash(root, { inspect: true }).list()].flatMap(({ key, file }) => {
    const size = lstatSync(file, { throwIfNoEntry: false })?.size;
    const what = (['pack', 'blob', 'run'] as const).find((each) => NAMED_BY[each].idOf(key) !== undefined);
    if (what === undefined || size === undefined) return [];
    return [{ what, id: NAMED_BY[what].idOf(key)! as StoreFile['id'], key, file, size }];
  });
}

/** Everything below a folder of the store that is no folder, sorted. */
function* filesBelow(root: string, folder: string): Generator<{ key: string; file: string; stat: Stats }> {
  for (const name of namesIn(join(root, folder))) {
    const key = `${folder}/${name}`;
    const file = join(root, folder, name);
    const stat = lstatSync(file, { throwIfNoEntry: false });
    // A folder under the name of a file of ours is for the check to find.
    if (stat?.isDirectory() === true && !isNamed(key)) yield* filesBelow(root, key);
    else if (stat) yield { key, file, stat };
  }
}

function isNamed(key: string): boolean {
  return Object.values(NAMED_BY).some(({ idOf }) => idOf(key) !== undefined);
}

function leftover(file: string, { size, mtimeMs }: Stats): Leftover {
  return { file, size, mtimeMs };
}
