import { contentIdOf } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import type { LocalStore } from '../../store/local-store.js';
import { bytePath } from '../../tracking/byte-path.js';
import { firstMissing } from '../../tracking/stored.js';
import type { RepositorySource } from '../../tracking/pointers/import-source.js';
import { snapshotWithin } from '../../tracking/partial/partial.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import type { Workspace } from '../workspace.js';
import { bring, NOTHING_BROUGHT, wantedIn, type Brought } from './bring.js';
import { sourceData } from './source-data.js';
import { SourceRepository, type Located } from './source-repository.js';
import { SourceTrees } from './source-trees.js';

/** What another repository has at a path, as an import takes it; `located` is where it stands there. */
export interface Importable {
  source: SourceRepository;
  located: Exclude<Located, { kind: 'folder' }>;
  /** For messages and pointers: the path from the folder that was named. */
  path: RepoPath;
}

/**
 * What a repository has at a path at a revision. Throws `import-not-one` for a folder that is git's: only what is tracked, and single
 * files, are one thing with one id.
 */
export async function importable(
  workspace: Workspace,
  asked: { repository: string; path: string; revision?: string | undefined },
): Promise<Importable> {
  const { root, command, events, signal } = workspace;
  const { repository, revision } = asked;
  const source = await SourceRepository.open(
    { repository, revision, from: root, command },
    { cwd: root, events, signal },
  );
  const path = source.path(asked.path);
  const located = source.locate(path);
  if (located.kind === 'folder' || (located.kind === 'file' && located.file.kind === 'link')) {
    const what = located.kind === 'folder' ? 'a folder of git itself' : 'a symbolic link';
    throw userError(
      'import-not-one',
      `${source.shown(path)} is ${what} in ${repository}, and is not tracked there`,
      {
        hint: "Import the tracked paths and files in it one by one; 'ocrpipe get' copies it as it is.",
      },
    );
  }
  return { source, located, path: source.shown(path) };
}

/** What it is there, without bringing it: of a part of a tracked folder listings are fetched, and a file of git's. */
export async function snapshotThere({ source, located }: Importable, signal: AbortSignal): Promise<Snapshot> {
  if (located.kind === 'file')
    return fileSnapshot(located.file.kind, (await source.read([located.file]))[0]!);
  const { snapshot, below, path } = located;
  if (below === undefined) return plain(snapshot);
  const trees = new SourceTrees(await sourceData(source, path), signal);
  await trees.entry(snapshot.id, bytePath(below));
  const found = snapshotWithin({ reader: trees, id: snapshot.id }, bytePath(below));
  if (found !== undefined) return found;
  throw userError('path-not-tracked', `there is no '${below}' in ${source.shown(path)}`, {
    hint: `It is no longer there, or is a link: see 'ocrpipe ls ${source.address.text} ${source.shown(path)}'.`,
  });
}

/** Brings it into the store of the workspace, verified. */
export async function bringImportable(
  { source, located, path }: Importable,
  workspace: Workspace,
  jobs: number,
): Promise<Brought> {
  const { store, events, signal } = workspace;
  if (located.kind === 'file') {
    storeBytes(store, (await source.read([located.file]))[0]!);
    return { ...NOTHING_BROUGHT, objects: 1 };
  }
  const wanted = { name: path, snapshot: located.snapshot, below: located.below };
  const data = await sourceData(source, located.path);
  return bring(data, [wanted], store, { jobs, events, signal });
}

/** A path of the workspace that was imported, or a part of it. */
export interface ImportedTarget {
  path: RepoPath;
  snapshot: Snapshot;
  below?: string | undefined;
}

/** True if the store has all of it. */
export function isHere(store: LocalStore, target: ImportedTarget): boolean {
  const { snapshot, below } = target;
  if (below === undefined) return firstMissing(store, snapshot) === undefined;
  if (!store.has('tree', snapshot.id)) return false;
  try {
    return firstMissing(store, wantedIn(store, { name: target.path, snapshot, below })) === undefined;
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'object-missing') return false;
    throw error;
  }
}

/** Brings what the pointer of an import names from where it was imported, at the commit that it was. */
export async function bringImported(
  target: ImportedTarget,
  source: RepositorySource,
  workspace: Workspace,
  jobs: number,
): Promise<Brought> {
  const { repository, commit, path } = source;
  const there = await importable(workspace, { repository, path, revision: commit });
  const { store, events, signal } = workspace;
  if (there.located.kind === 'file') {
    const [bytes] = await there.source.read([there.located.file]);
    if (contentIdOf(bytes!) !== target.snapshot.id) throw sourceDiffers(target.path, source);
    storeBytes(store, bytes!);
    return { ...NOTHING_BROUGHT, objects: 1 };
  }
  const data = await sourceData(there.source, there.located.path);
  const wanted = { name: target.path, snapshot: target.snapshot, below: target.below };
  return bring(data, [wanted], store, { jobs, events, signal });
}

function sourceDiffers(path: RepoPath, { repository, commit }: RepositorySource): OcrpipeError {
  return new OcrpipeError(
    'source-differs',
    `${repository} holds other bytes at commit ${commit.slice(0, 10)} than the pointer of ${path} names`,
    { hint: 'The pointer was edited, or merged by hand. Take it from git again, or import the path anew.' },
  );
}

function fileSnapshot(kind: 'file' | 'executable' | 'link', bytes: Buffer): Snapshot {
  const executable = kind === 'executable' && { executable: true };
  return { id: contentIdOf(bytes), kind: 'file', size: bytes.length, ...executable };
}

function storeBytes(store: LocalStore, bytes: Buffer): void {
  const writer = store.writer();
  writer.putBlob(bytes);
  writer.finish();
}

/** An import of an import is from where it was imported. */
function plain({ id, kind, size, files, executable }: Snapshot): Snapshot {
  return {
    id,
    kind,
    size,
    ...(files !== undefined && { files }),
    ...(executable === true && { executable }),
  };
}
