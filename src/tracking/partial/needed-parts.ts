import { textOfBytes } from '../../base/byte-text.js';
import { OcrpipeError } from '../../base/errors.js';
import type { PathPattern } from '../../base/path-pattern.js';
import type { RepoPath } from '../../base/paths.js';
import type { ObjectReader } from '../../store/object-reader.js';
import { findPath, walkTree, type TreeRef } from '../../store/tree-reader.js';
import { utf8Beginning, type BytePath } from '../byte-path.js';
import type { FileChoice } from '../file-choice.js';
import { pathsMatching } from '../path-pattern.js';
import { firstMissing } from '../stored.js';
import type { Snapshot } from '../workspace-files.js';
import { partOf, snapshotWithin } from './partial.js';

/** What is needed of a directory: what stands at a path below it ('' for itself), or of that only the files that a choice takes. */
export interface NeededPart {
  readonly below: BytePath | '';
  readonly choice?: FileChoice;
}

/** All the parts as one pattern. A choice means files: a folder is meant only as far as files in it are. */
export function patternOfParts(parts: readonly NeededPart[]): PathPattern {
  return {
    step: (name, kind) => {
      const next = parts.flatMap((part) => stepInto(part, name, kind) ?? []);
      if (next.includes('whole')) return 'whole';
      const further = next.filter((each) => each !== 'whole');
      return further.length === 0 ? undefined : patternOfParts(further);
    },
  };
}

function stepInto(
  { below, choice }: NeededPart,
  name: string,
  kind: 'folder' | 'other',
): NeededPart | 'whole' | undefined {
  if (below === '') {
    if (kind === 'other') return choice?.takes(name) === true ? 'whole' : undefined;
    const inner = choice?.within(name);
    return inner && { below, choice: inner };
  }
  if (below.startsWith(`${name}/`)) {
    return { below: below.slice(name.length + 1) as BytePath, ...(choice && { choice }) };
  }
  if (below !== name) return undefined;
  if (choice === undefined) return 'whole';
  return kind === 'folder' ? { below: '', choice } : undefined;
}

/** The parts of a directory that a pattern means. */
export interface ListedParts {
  readonly places: readonly RepoPath[];
  /** True if all their bytes are in the store. */
  readonly stored: boolean;
}

/**
 * What a pattern means of the directory at `path`, as its listing says. Undefined where only the whole will do: the store does not
 * have the listing, all of it is meant, or links are, which may lead to anything in it.
 */
export function partsListed(
  reader: ObjectReader,
  { path, snapshot }: { path: RepoPath; snapshot: Snapshot },
  pattern: PathPattern,
): ListedParts | undefined {
  const tree = { reader, id: snapshot.id };
  try {
    const found = pathsMatching(tree, pattern).map((part) => utf8Beginning(textOfBytes(part)));
    if (found.includes('')) return undefined;
    const places = [...new Set(found)].map((part) => `${path}/${part}` as RepoPath);
    const parts = places.map((place) => partOf(path, place));
    if (parts.some((part) => holdsLinks(tree, part))) return undefined;
    const snapshots = parts.flatMap((part) => snapshotWithin(tree, part) ?? []);
    return { places, stored: snapshots.every((each) => firstMissing(reader, each) === undefined) };
  } catch (error) {
    if (error instanceof OcrpipeError && /^object-(missing|damaged)$/.test(error.code)) return undefined;
    throw error;
  }
}

function holdsLinks(tree: TreeRef, part: string): boolean {
  const entry = findPath(tree, part);
  if (entry?.kind !== 'directory') return entry?.kind === 'symlink';
  for (const { entry: inside } of walkTree({ reader: tree.reader, id: entry.id })) {
    if (inside.kind === 'symlink') return true;
  }
  return false;
}
