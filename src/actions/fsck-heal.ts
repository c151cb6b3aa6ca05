import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { contentIdOf, type ContentId } from '../base/content-id.js';
import { OcrpipeError, systemErrorCode } from '../base/errors.js';
import { fromRepoPath, type RepoPath } from '../base/paths.js';
import type { Workspace } from '../project/workspace.js';
import { fetchExactly } from '../remote/fetch/fetch-exactly.js';
import { LARGE_BLOB_BYTES } from '../store/format.js';
import { hashOfFile } from '../store/loose-objects.js';
import type { StoreWriter } from '../store/store-writer.js';
import { walkNodes, walkTree } from '../store/tree-reader.js';
import { bytePath, fsPath, joinBytes, type BytePath } from '../tracking/byte-path.js';
import type { TreeSnapshot } from '../tracking/workspace-files.js';
import { withRemote } from './remote-session.js';

/** An object that the store is to have again, and a path that needs it. */
export interface Wanted {
  kind: 'blob' | 'tree' | 'listing';
  id: ContentId;
  name: string;
}

/**
 * Stores anew what is wanted and stands unchanged in the workspace: bytes of tracked files and of outputs of stages, each
 * hashed again, and the nodes of their folders. What cannot be read there is passed over.
 */
export async function healFromWorkspace(
  workspace: Workspace,
  wanted: readonly Wanted[],
  paths: readonly RepoPath[],
): Promise<void> {
  const names = new Set(wanted.map(({ kind, id }) => kind + id));
  const writer = workspace.store.writer();
  try {
    for (const path of paths) {
      workspace.signal.throwIfAborted();
      const there = await treeAt(workspace, path);
      if (there) await storeWanted({ workspace, writer, names }, path, there);
    }
    writer.finish();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

interface Healing {
  workspace: Workspace;
  writer: StoreWriter;
  /** Kind and id of what is wanted. */
  names: ReadonlySet<string>;
}

async function treeAt({ files, signal }: Workspace, path: RepoPath): Promise<TreeSnapshot | undefined> {
  try {
    return await files.tree(path, { signal });
  } catch (error) {
    if (signal.aborted || !(error instanceof OcrpipeError || systemErrorCode(error) !== undefined))
      throw error;
    return undefined;
  }
}

async function storeWanted(
  healing: Healing,
  path: RepoPath,
  { snapshot, reader }: TreeSnapshot,
): Promise<void> {
  const { writer, names, workspace } = healing;
  const place = bytePath(fromRepoPath(workspace.root, path));
  if (snapshot.kind === 'file') {
    if (names.has(`blob${snapshot.id}`)) await storeFile(healing, place, snapshot);
    return;
  }
  for (const { path: below, entry } of walkTree({ reader, id: snapshot.id })) {
    if (entry.kind !== 'file' || !names.has(`blob${entry.id}`)) continue;
    await storeFile(healing, joinBytes(place, below), entry);
  }
  for (const { id } of walkNodes({ reader, id: snapshot.id })) {
    for (const kind of ['tree', 'listing'] as const) {
      if (names.has(kind + id)) writer.putTree(reader.read('tree', id), kind);
    }
  }
}

/** Stores a file if its bytes are, when read now, those of the id. */
async function storeFile(
  { writer, workspace: { signal } }: Healing,
  place: BytePath,
  { id, size }: { id: ContentId; size: number },
): Promise<void> {
  try {
    const path = fsPath(place);
    // Worker threads and copies take text for a path: where a name cannot be one, the file is read here.
    if (size >= LARGE_BLOB_BYTES && (typeof path === 'string' || isUtf8(path))) {
      const file = path.toString();
      if ((await hashOfFile(file, { signal })) === id) await writer.putFile(file, { signal });
      return;
    }
    const bytes = readFileSync(path);
    if (contentIdOf(bytes) === id) writer.putBlob(bytes);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof OcrpipeError) && systemErrorCode(error) === undefined) throw error;
  }
}

/** Gets what is wanted from this remote, as far as it has it. A remote that cannot be asked is named in a warning. */
export async function healFromRemote(
  workspace: Workspace,
  remote: string,
  wanted: readonly Wanted[],
): Promise<void> {
  const { store, records: runs, events, signal } = workspace;
  try {
    await withRemote(workspace, remote, (session) =>
      fetchExactly({ ...session, store, runs, jobs: 4, events, signal }, wanted),
    );
  } catch (error) {
    if (signal.aborted || !(error instanceof OcrpipeError)) throw error;
    const message = `nothing was got from '${remote}': ${error.message}`;
    events({ type: 'note', level: 'warning', code: 'remote-not-asked', message });
  }
}
