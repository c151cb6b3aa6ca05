import { posix } from 'node:path';
import type { ContentId } from '../base/content-id.js';
import type { FileChange } from '../pipeline/host.js';
import type { TreeEntry } from '../store/tree-format.js';
import type { DirectoryChange } from './stored-directory.js';

/** A file that is gone in one place and there, byte for byte, in another. */
export interface RenamedFile {
  from: string;
  path: string;
  old: ContentId;
  new: ContentId;
}

/** Pairs by content id; of several with one id, those of one name first, then in order. */
export function pairRenames(
  deleted: readonly DirectoryChange[],
  added: readonly DirectoryChange[],
): RenamedFile[] {
  const waiting = new Map<ContentId, DirectoryChange[]>();
  for (const change of deleted) {
    const id = idOf(change.old);
    if (id === undefined) continue;
    const others = waiting.get(id);
    if (others) others.push(change);
    else waiting.set(id, [change]);
  }
  return added.flatMap((change): RenamedFile[] => {
    const id = idOf(change.new);
    const sources = id === undefined ? undefined : waiting.get(id);
    if (id === undefined || sources === undefined || sources.length === 0) return [];
    const sameName = sources.findIndex(({ path }) => posix.basename(path) === posix.basename(change.path));
    const [source] = sources.splice(Math.max(0, sameName), 1);
    return [{ from: source!.path, path: change.path, old: id, new: id }];
  });
}

/** A symbolic link has no bytes and no id. */
export function idOf(entry: TreeEntry | undefined): ContentId | undefined {
  return entry?.kind === 'file' ? entry.id : undefined;
}

/** The changes of a directory with renames as such, by path; undefined stays undefined. */
export function fileChanges(changes: readonly DirectoryChange[] | undefined): FileChange[] | undefined {
  if (changes === undefined) return undefined;
  const of = (kind: DirectoryChange['change']): DirectoryChange[] =>
    changes.filter(({ change }) => change === kind);
  const renamed = new Map(pairRenames(of('deleted'), of('added')).map((file) => [file.path, file]));
  const gone = new Set([...renamed.values()].map(({ from }) => from));
  return changes.flatMap(({ path, change, old, new: now }): FileChange[] => {
    if (change === 'deleted' && gone.has(path)) return [];
    const moved = change === 'added' ? renamed.get(path) : undefined;
    if (moved) return [{ ...moved, change: 'renamed' }];
    const [before, after] = [idOf(old), idOf(now)];
    return [{ path, change, ...(before && { old: before }), ...(after && { new: after }) }];
  });
}
