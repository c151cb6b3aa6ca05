import type { PathPattern } from '../../base/path-pattern.js';
import { isWithin, type RepoPath } from '../../base/paths.js';
import { bytePath, type BytePath } from '../../tracking/byte-path.js';
import type { FileChoice } from '../../tracking/file-choice.js';
import { patternOfParts, type NeededPart } from '../../tracking/partial/needed-parts.js';

import type { Dependency } from '../definition/stage/stage.js';
import type { NeededPath, PipelineHost } from '../host.js';

type Read = Pick<Dependency, 'path' | 'part'>;

/** What these dependencies, all of which touch a tracked directory, read of it; undefined: all of it. */
export function partsRead(deps: readonly Read[], path: RepoPath): readonly NeededPart[] | undefined {
  const parts = deps.map((dep) => partRead(dep, path));
  return parts.includes(undefined) ? undefined : parts.filter((part) => part !== undefined);
}

function partRead({ path: read, part }: Read, path: RepoPath): NeededPart | undefined {
  if (part?.kind === 'glob') {
    if (isWithin(read, path)) return { below: belowOf(path, read), choice: part.choice };
    const choice = choiceIn(part.choice, belowOf(read, path));
    return choice && { below: '', choice };
  }
  return isWithin(read, path) && read !== path ? { below: belowOf(path, read) } : undefined;
}

function choiceIn(choice: FileChoice, folder: string): FileChoice | undefined {
  return folder.split('/').reduce<FileChoice | undefined>((at, name) => at?.within(name), choice);
}

function belowOf(folder: RepoPath, path: RepoPath): BytePath | '' {
  if (folder === path) return '';
  return bytePath(folder === '.' ? path : path.slice(folder.length + 1));
}

/** The same as one pattern, with parts that are there already. */
export function patternRead(
  needed: readonly NeededPart[],
  path: RepoPath,
  there: readonly RepoPath[],
): PathPattern {
  return patternOfParts([...there.map((part) => ({ below: belowOf(path, part) })), ...needed]);
}

/** True if all that is needed of it is in the store. */
export function isNeededHere(
  { files, partsIn }: Pick<PipelineHost, 'files' | 'partsIn'>,
  needed: NeededPath,
): boolean {
  const { snapshot, parts } = needed;
  return files.inStore(snapshot) || (parts !== undefined && partsIn(needed, parts)?.stored === true);
}

/** Brings what is not in the store of it, as far as that can be had. Does nothing where nothing may be brought. */
export async function bringNeeded(host: PipelineHost, needed: readonly NeededPath[]): Promise<void> {
  const { fetcher } = host;
  const absent = needed.filter((each) => !isNeededHere(host, each));
  if (!fetcher || absent.length === 0) return;
  await fetcher.bring(absent);
  // Only the listings, which came with it, tell that no part will do.
  const wholes = absent.filter(
    (each) => each.parts && !isNeededHere(host, each) && !host.partsIn(each, each.parts),
  );
  if (wholes.length > 0) await fetcher.bring(wholes.map(({ path, snapshot }) => ({ path, snapshot })));
}

/**
 * Puts it in place: of a directory all of it where the store has that and no part is there yet. Returns what was put there, in words;
 * undefined where none of it is to be had: it does not hold what is needed.
 */
export async function putNeeded(
  { files, partsIn, events, signal }: PipelineHost,
  needed: NeededPath & { there?: readonly RepoPath[] | undefined },
): Promise<string | undefined> {
  const { path, snapshot, parts, there } = needed;
  const listed = parts && (there || !files.inStore(snapshot)) ? partsIn(needed, parts) : undefined;
  if (listed === undefined) {
    await files.checkout(path, snapshot, { events, signal });
    return 'what its pointer names';
  }
  const places = [...new Set([...listed.places, ...(there ?? [])])];
  if (places.length === 0) return undefined;
  await files.checkoutParts(path, snapshot, { events, signal, parts: places });
  return 'the parts that stages read of what its pointer names';
}
