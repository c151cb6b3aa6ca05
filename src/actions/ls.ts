import type { Call } from '../base/call.js';
import { repoPath, type RepoPath } from '../base/paths.js';
import type { ForeignFile } from '../git/cached-repository.js';
import { sourceData } from '../project/source/source-data.js';
import { SourceRepository } from '../project/source/source-repository.js';
import { SourceTrees } from '../project/source/source-trees.js';
import { notTracked } from '../remote/fetch/wanted-walk.js';
import type { TreeEntry } from '../store/tree-format.js';
import { treeEntries, walkTree } from '../store/tree-reader.js';
import { textOfBytes } from '../base/byte-text.js';
import { bytePath } from '../tracking/byte-path.js';
import type { Snapshot } from '../tracking/workspace-files.js';

export interface LsInput {
  /** A folder or URL, as it was typed. */
  repository: string;
  /** In the repository, from the folder that was named; its top if left out. */
  path?: string | undefined;
  revision?: string | undefined;
  /** Everything below, files only. */
  recursive: boolean;
}

export interface LsEntry {
  /** From the folder that was named, as `get` and `import` take it. */
  path: string;
  kind: 'file' | 'directory' | 'link';
  /** Bytes; absent for folders of git's, for links, and for what git did not fetch. */
  size?: number;
  /** Files below a tracked directory. */
  files?: number;
  /** True for what a pointer names, false for what git holds. */
  tracked: boolean;
}

export interface LsResult {
  repository: string;
  commit: string;
  entries: readonly LsEntry[];
}

/** Lists what a commit of a repository has at a path: what git holds and what pointers name. Fetches no data. */
export async function ls(input: LsInput, call: Call): Promise<LsResult> {
  const { repository, revision } = input;
  const request = { repository, revision, from: call.cwd, command: 'ocrpipe ls' };
  const source = await SourceRepository.open(request, call);
  const path = source.path(input.path ?? '.');
  const entries = await entriesAt(source, path, input.recursive, call);
  return {
    repository,
    commit: source.commit,
    entries: entries.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)),
  };
}

async function entriesAt(
  source: SourceRepository,
  path: RepoPath,
  recursive: boolean,
  call: Call,
): Promise<LsEntry[]> {
  const located = source.locate(path);
  if (located.kind === 'file') return fileEntries(source, [located.file]);
  if (located.kind === 'folder') return recursive ? allBelow(source, path, call) : childrenOf(source, path);
  const { snapshot, below } = located;
  if (snapshot.kind === 'file') return [trackedEntry(source, located.path, snapshot)];
  const trees = new SourceTrees(await sourceData(source, located.path), call.signal);
  const entry = below === undefined ? undefined : await trees.entry(snapshot.id, bytePath(below));
  if (below !== undefined && entry === undefined) throw notTracked(source.shown(located.path), below);
  const shown = source.shown(path);
  if (entry !== undefined && entry.kind !== 'directory') return [treeEntry(shown, entry)];
  return listTree(trees, { shown, id: entry?.id ?? snapshot.id }, recursive);
}

async function listTree(
  trees: SourceTrees,
  { shown, id }: { shown: string; id: Snapshot['id'] },
  recursive: boolean,
): Promise<LsEntry[]> {
  const tree = await trees.directory(id, { deep: recursive });
  const found = recursive
    ? [...walkTree(tree)].filter(({ entry }) => entry.kind !== 'directory')
    : [...treeEntries(tree)].map((entry) => ({ path: entry.name, entry }));
  return found.map(({ path, entry }) => treeEntry(`${shown}/${textOfBytes(path)}`, entry));
}

async function allBelow(source: SourceRepository, folder: RepoPath, call: Call): Promise<LsEntry[]> {
  const entries = await fileEntries(source, source.ownFiles(folder));
  for (const [path, snapshot] of source.trackedBelow(folder)) {
    if (snapshot.kind === 'file') {
      entries.push(trackedEntry(source, path, snapshot));
      continue;
    }
    const trees = new SourceTrees(await sourceData(source, path), call.signal);
    for (const each of await listTree(trees, { shown: source.shown(path), id: snapshot.id }, true))
      entries.push(each);
  }
  return entries;
}

/** One level: what pointers say of themselves needs no store. */
async function childrenOf(source: SourceRepository, folder: RepoPath): Promise<LsEntry[]> {
  const own = source.ownFiles(folder);
  const tracked = source.trackedBelow(folder);
  const inside = (path: RepoPath): string => (folder === '.' ? path : path.slice(folder.length + 1));
  const isHere = (path: RepoPath): boolean => !inside(path).includes('/');
  const folders = new Set(
    [...own.map(({ path }) => path), ...tracked.map(([path]) => path)]
      .filter((path) => !isHere(path))
      .map((path) => inside(path).split('/')[0]!),
  );
  return [
    ...[...folders].map((name): LsEntry => {
      const path = repoPath(folder === '.' ? name : `${folder}/${name}`);
      return { path: source.shown(path), kind: 'directory', tracked: false };
    }),
    ...(await fileEntries(
      source,
      own.filter(({ path }) => isHere(path)),
    )),
    ...tracked
      .filter(([path]) => isHere(path))
      .map(([path, snapshot]) => trackedEntry(source, path, snapshot)),
  ];
}

async function fileEntries(source: SourceRepository, files: readonly ForeignFile[]): Promise<LsEntry[]> {
  const sizes = await source.sizes(files);
  return files.map(({ path, kind }, index) => {
    const size = kind === 'link' ? undefined : sizes[index];
    const what = kind === 'link' ? 'link' : 'file';
    return { path: source.shown(path), kind: what, ...(size !== undefined && { size }), tracked: false };
  });
}

function trackedEntry(source: SourceRepository, path: RepoPath, { kind, size, files }: Snapshot): LsEntry {
  return { path: source.shown(path), kind, size, ...(files !== undefined && { files }), tracked: true };
}

function treeEntry(path: string, entry: TreeEntry): LsEntry {
  if (entry.kind === 'symlink') return { path, kind: 'link', tracked: true };
  if (entry.kind === 'file') return { path, kind: 'file', size: entry.size, tracked: true };
  return { path, kind: 'directory', size: entry.bytes, files: entry.files, tracked: true };
}
