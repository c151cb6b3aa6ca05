import {
  editedFrom,
  isFile,
  NOTHING,
  sameFiles,
  type Model,
  type Place,
  type PlaceState,
} from './workspace-model.js';

/** True if the store has this content. */
type Holds = (text: string) => boolean;

/** Why a place differs from its pointer, as `status` says it; undefined where that is not certain. */
export type Cause = 'edited' | 'pointer-moved' | 'both' | undefined;

/** Of a place whose files are not those of its pointer. */
export function causeOf({ files, pointer, lastPut, begun }: PlaceState, holds: Holds): Cause {
  if (lastPut === 'unknown' || begun?.surely === false) return undefined;
  const allStored = [...files.values()].every(holds);
  if (lastPut === 'nothing') return allStored ? 'pointer-moved' : 'edited';
  if (begun && editedFrom(files, [lastPut, begun.files]).length === 0) return 'pointer-moved';
  if (sameFiles(lastPut, pointer)) return 'edited';
  return sameFiles(files, lastPut) ? 'pointer-moved' : 'both';
}

/** What `commit` does with a place; undefined where that is not certain. */
export function commitOf(state: PlaceState, holds: Holds): 'records' | 'leaves' | 'refuses' | undefined {
  const { files, pointer, begun } = state;
  if (pointer === undefined || files.size === 0 || sameFiles(files, pointer)) return 'leaves';
  const cause = causeOf(state, holds);
  if (cause === 'edited') return begun && !isFile(pointer) ? 'refuses' : 'records';
  return cause && ({ 'pointer-moved': 'leaves', both: 'refuses' } as const)[cause];
}

/** Whether `checkout` does it, rather than refuse; undefined where that is not certain. */
export function checkoutOf(state: PlaceState, holds: Holds): boolean | undefined {
  const { files, pointer = NOTHING, lastPut, begun } = state;
  if (!editedFrom(files, [pointer]).every((name) => holds(files.get(name)!))) return false;
  if (files.size === 0 || lastPut === 'nothing') return true;
  if (lastPut === 'unknown') return undefined;
  if (editedFrom(files, [pointer, lastPut]).length === 0) return true;
  if (begun === undefined || editedFrom(files, [pointer, lastPut, begun.files]).length > 0) return false;
  return begun.surely ? true : undefined;
}

/** Whether `rm --delete` does it, rather than refuse. */
export function deleteOf({ files }: PlaceState, holds: Holds): boolean {
  return [...files.values()].every(holds);
}

/** Whether `mv` does it, rather than refuse; undefined where the target is a folder that it would move into, or may be. */
export function moveOf(model: Model, from: Place, to: Place): boolean | undefined {
  const [source, target] = [model.at(from), model.at(to)];
  if (source.pointer === undefined || from === to) return false;
  const same = sameFiles(source.pointer, target.pointer);
  if (target.files.size === 0) return target.pointer === undefined || same;
  if (source.files.size === 0) {
    // Somebody, or a call that died, moved the files there already.
    if (target.pointer === undefined) return sameFiles(source.pointer, target.files) ? true : undefined;
    if (same && isFile(source.pointer) && !isFile(target.files)) return undefined;
    return same;
  }
  return target.pointer === undefined && !isFile(target.files) ? undefined : false;
}
