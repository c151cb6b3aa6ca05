import { readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors.js';
import type { AbsPath, RepoPath } from '../../base/paths.js';
import { bytePath } from '../byte-path.js';
import { IgnoreRules, isAlwaysIgnored } from '../ignore/ignore-rules.js';
import { hasPointer } from './pointer-file.js';
import { PointerTraces } from './pointer-traces.js';
import { pathOfPointer } from './plain-pointer.js';

/**
 * The paths that have a pointer, sorted. Tracked folders are not entered (a pointer cannot be below another), nor other workspaces, nor, with
 * `gitignore`, folders that git ignores: what is below those is not to be committed.
 */
export function findPointers(
  root: AbsPath,
  options: Pick<Search, 'gitignore' | 'onUnreadable' | 'onIgnored' | 'onOther'>,
): RepoPath[] {
  const found: RepoPath[] = [];
  search({ root, found, traces: new PointerTraces(root), ...options }, '', IgnoreRules.none);
  return found.sort();
}

/** What stands for bytes that are not UTF-8 in a name that was read as such; it can be in a name as well. */
const REPLACED = '\uFFFD';

/** Called with a folder that cannot be read. Without it such a folder is taken to hold nothing that ocrpipe wrote. */
type OnUnreadable = (folder: AbsPath, error: unknown) => void;

interface Search {
  root: AbsPath;
  gitignore: boolean;
  found: RepoPath[];
  traces: PointerTraces;
  onUnreadable?: OnUnreadable;
  /** Called with each folder that is not entered because git ignores it, unless it is tracked itself. */
  onIgnored?: (folder: RepoPath) => void;
  /** Called with each path beside which a file stands that is named like its pointer and not taken for one. */
  onOther?: (path: RepoPath) => void;
}

function search(context: Search, folder: string, above: IgnoreRules): void {
  const absolute = join(context.root, folder);
  const entries = readFolder(absolute as AbsPath, context.onUnreadable);
  if (entries.length === 0 || (folder !== '' && isWorkspace(entries))) return;
  const rules = context.gitignore ? above.enter(bytePath(absolute), '.gitignore', bytePath(folder)) : above;
  const tracked = trackedIn(context, folder, entries);
  for (const path of tracked) context.found.push(path);
  for (const entry of entries) {
    if (!entry.isDirectory() || isAlwaysIgnored(entry.name)) continue;
    const path = pathIn(folder, entry.name);
    if (tracked.has(path)) continue;
    if (rules.ignores(bytePath(path), true)) context.onIgnored?.(path);
    else search(context, path, rules);
  }
}

/** The paths of a folder that have a pointer. */
function trackedIn(context: Search, folder: string, entries: readonly Dirent[]): ReadonlySet<RepoPath> {
  const tracked = new Set<RepoPath>();
  for (const entry of entries) {
    const path = pathOfPointer(pathIn(folder, entry.name));
    if (path === undefined || isAlwaysIgnored(entry.name)) continue;
    if (hasPointer(context.root, path, context.traces)) tracked.add(path);
    else if (entry.isFile()) context.onOther?.(path);
  }
  return tracked;
}

/** Submodules, work trees and clones below this one have stores and pointers of their own. */
function isWorkspace(entries: readonly Dirent[]): boolean {
  return entries.some((entry) => entry.name === '.ocrstore' && entry.isDirectory());
}

function pathIn(folder: string, name: string): RepoPath {
  return (folder === '' ? name : `${folder}/${name}`) as RepoPath;
}

/** Names that are not UTF-8 are never tracked by themselves. */
function readFolder(folder: AbsPath, onUnreadable?: OnUnreadable): Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    if (!entries.some(({ name }) => name.includes(REPLACED))) return entries;
    const names = new Set(readdirSync(folder, 'latin1'));
    return entries.filter(({ name }) => names.has(bytePath(name)));
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') onUnreadable?.(folder, error);
    return [];
  }
}
