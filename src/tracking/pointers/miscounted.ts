import type { ContentId } from '../../base/content-id.js';
import { countText } from '../../base/count-text.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { ObjectReader } from '../../store/object-reader.js';
import { totalsOf } from '../../store/tree-reader.js';
import type { Snapshot } from '../workspace-files.js';
import { pointerPathOf, sameSnapshot } from './plain-pointer.js';

/** Where the figures of what a pointer names are looked up. */
export interface CountedStore extends ObjectReader {
  /** Bytes of a blob; undefined if it is not there. */
  sizeOf(blob: ContentId): number | undefined;
}

/** A pointer whose id names something else than its size, or number of files, says: as where a merge was settled by hand. */
export interface Miscounted {
  /** What it should say. */
  right: Snapshot;
  error: OcrpipeError;
}

/**
 * Compares the figures of a pointer with what it names, which may be `there`; undefined if they are right, or nobody knows here.
 */
export function miscounted(
  store: CountedStore,
  path: RepoPath,
  { pointer, there }: { pointer: Snapshot; there?: Snapshot | undefined },
): Miscounted | undefined {
  const right = sameSnapshot(there, pointer) ? there : counted(store, pointer);
  if (right === undefined || (right.size === pointer.size && right.files === pointer.files)) return undefined;
  const file = pointerPathOf(path);
  const [quoted, target] = [shellQuote(file), shellQuote(path)];
  return {
    right,
    error: userError(
      'pointer-miscounted',
      `${file} says ${figures(pointer)}, and what its id names has ${figures(right)}`,
      {
        location: { file },
        hint: `'git checkout -- ${quoted}' takes it from git again; 'ocrpipe commit ${target}' corrects it, once the data is there.`,
      },
    ),
  };
}

function figures({ kind, size, files }: Snapshot): string {
  const bytes = countText(size, 'byte');
  return kind === 'directory' ? `${countText(files ?? 0, 'file')} of ${bytes}` : bytes;
}

function counted(store: CountedStore, pointer: Snapshot): Snapshot | undefined {
  const { id, kind } = pointer;
  if (kind === 'file') {
    const size = store.sizeOf(id);
    return size === undefined ? undefined : { ...pointer, size };
  }
  try {
    if (!store.has('tree', id)) return undefined;
    const { files, bytes } = totalsOf({ reader: store, id });
    return { ...pointer, files, size: bytes };
  } catch (error) {
    // What is wrong with the tree is said by who uses it.
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}
