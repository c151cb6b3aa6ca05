import { posix, relative, resolve, sep } from 'node:path';
import type { Call } from '../base/call.js';
import type { RepoPath } from '../base/paths.js';
import { parseRepository } from '../git/repository-address.js';
import { bringImportable, importable, snapshotThere } from '../project/source/imported.js';
import type { Brought } from '../project/source/bring.js';
import { Workspace } from '../project/workspace.js';
import type { RepositorySource } from '../tracking/pointers/import-source.js';
import type { Snapshot } from '../tracking/workspace-files.js';
import { importPlace, refusePlace } from './import-place.js';
import type { Taking } from './taking.js';
import { pointerFiles, toCommit, type ToCommit } from './to-commit.js';

export interface ImportResult extends Brought, ToCommit {
  path: RepoPath;
  id: Snapshot['id'];
  kind: Snapshot['kind'];
  size: number;
  files?: number;
  source: RepositorySource;
}

/**
 * Brings a tracked path of another repository, a part of one, or a file of git's here and tracks it: the pointer remembers where it is from.
 * Its bytes are in the store, then it stands in its place, then its pointer is written.
 */
export async function importPath(input: Taking, call: Call): Promise<ImportResult> {
  const workspace = Workspace.open(call, 'ocrpipe import');
  try {
    await workspace.useStore();
    const { revision, force, jobs } = input;
    const repository = addressFor(workspace, input.repository, call);
    const there = await importable(workspace, { repository, path: input.path, revision });
    const path = importPlace(workspace, input.out, posix.basename(there.path));
    const snapshot = await snapshotThere(there, call.signal);
    await refusePlace(workspace, path, { force, isFolder: snapshot.kind === 'directory' });
    const brought = await bringImportable(there, workspace, jobs);
    const { commit } = there.source;
    const rev = revision === undefined ? {} : { rev: revision };
    const source = { repository, ...rev, commit, path: there.path };
    await workspace.files.checkout(path, snapshot, { ...call, force });
    await workspace.files.writePointer(path, { ...snapshot, source }, call);
    const { git, root } = workspace;
    const written = await toCommit({ git, root, cwd: call.cwd }, pointerFiles(path));
    return { path, ...snapshot, source, ...brought, ...written };
  } finally {
    workspace.close();
  }
}

/** As the pointer has it: a relative folder starts at the workspace root, wherever it was typed. */
function addressFor({ root }: Workspace, typed: string, { cwd }: Call): string {
  const address = parseRepository(typed, cwd);
  if (address.folder === undefined || typed.startsWith('/')) return typed;
  const inside = relative(root, resolve(cwd, typed)).split(sep).join('/');
  return inside === '' ? '.' : inside;
}
