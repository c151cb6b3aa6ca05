import { basename, resolve } from 'node:path';
import type { Call } from '../base/call.js';
import type { ContentId } from '../base/content-id.js';
import { OcrpipeError, userError } from '../base/errors.js';
import { lstatIfThere } from '../base/lstat-if-there.js';
import { absPath, fromRepoPath, type AbsPath, type RepoPath } from '../base/paths.js';
import { Workspace } from '../project/workspace.js';
import { walkNodes } from '../store/tree-reader.js';
import { outsideTree } from '../tracking/outside-tree.js';
import { StoreLinks } from '../tracking/scan/store-links.js';
import type { TreeSnapshot } from '../tracking/workspace-files.js';
import { nothingThere, point, refuseUntrackable, type AddResult } from './add.js';
import { importPlace, refusePlace } from './import-place.js';
import type { Transferred } from './remote-session.js';
import { sendUnstored } from './send-unstored.js';
import { pointerFiles, toCommit } from './to-commit.js';

export interface AddToRemoteInput {
  /** As they were typed; also places outside of the workspace, which are tracked without being copied into it. */
  paths: readonly string[];
  /** Where the one place outside of the workspace is tracked; under its name in the current folder if left out. */
  out?: string | undefined;
  /** The default remote if left out. */
  remote?: string | undefined;
  /** Uploads at once. */
  jobs: number;
}

export interface AddToRemoteResult extends AddResult, Transferred {
  remote: string;
}

/** Something to track, and where its bytes are. */
interface Source {
  path: RepoPath;
  place: AbsPath;
  isOutside: boolean;
}

/**
 * Tracks files and folders whose bytes go to a remote at once, and not into the store: they are hashed, packs of what the remote lacks are
 * sent, each through one temporary file, then the listings are stored and the pointers written. Interrupted at any moment, the next
 * call goes on: what is on the remote is not sent again.
 */
export async function addToRemote(input: AddToRemoteInput, call: Call): Promise<AddToRemoteResult> {
  const workspace = Workspace.open(call, 'ocrpipe add');
  try {
    await workspace.useStore();
    const sources = await checkedSources(workspace, input, call);
    const found: (Source & TreeSnapshot)[] = [];
    for (const source of sources) found.push({ ...source, ...(await lookAt(workspace, source, call)) });
    const { transferred, remote } = await sendUnstored(workspace, found, { ...input, call });
    storeListings(workspace, found);
    const added = await point(workspace, found, { ...call, elsewhere: true });
    const { git, root } = workspace;
    const files = found.flatMap(({ path }) => pointerFiles(path));
    const written = await toCommit({ git, root, cwd: call.cwd }, files);
    return { added, followed: [], git: git !== undefined, ...written, ...transferred, remote };
  } finally {
    workspace.close();
  }
}

async function checkedSources(
  workspace: Workspace,
  { paths, out }: AddToRemoteInput,
  { cwd }: Call,
): Promise<Source[]> {
  const sources = [...new Set(paths)].map((typed): Source => {
    const inside = insidePath(workspace, typed);
    if (inside !== undefined) {
      return { path: inside, place: absPath(fromRepoPath(workspace.root, inside)), isOutside: false };
    }
    const place = absPath(resolve(cwd, typed));
    return { path: importPlace(workspace, out, basename(place)), place, isOutside: true };
  });
  const inside = sources.filter(({ isOutside }) => !isOutside).map(({ path }) => path);
  if (out !== undefined && (inside.length > 0 || sources.length > 1)) {
    throw userError('out-without-outside', '--out says where one place outside of the workspace is tracked', {
      hint: 'Name one such place, or leave --out away: what is in the workspace is tracked where it is.',
    });
  }
  const storeLinks = new StoreLinks(workspace.store, workspace.root);
  await refuseUntrackable(workspace, inside, { storeLinks });
  for (const { path, place, isOutside } of sources) {
    if (!isOutside) continue;
    const stat = lstatIfThere(place);
    if (stat === undefined) throw nothingOutside(place);
    await refusePlace(workspace, path, { force: false, isFolder: stat.isDirectory() });
  }
  return sources;
}

/** Undefined for a path that leads out of the workspace. */
function insidePath(workspace: Workspace, typed: string): RepoPath | undefined {
  try {
    return workspace.path(typed);
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'path-outside-workspace') return undefined;
    throw error;
  }
}

function nothingOutside(place: AbsPath): OcrpipeError {
  return userError('no-such-path', `there is nothing at ${place}`, { hint: 'Check the name.' });
}

async function lookAt(
  { root, store, files }: Workspace,
  { path, place, isOutside }: Source,
  call: Call,
): Promise<TreeSnapshot> {
  const found = isOutside
    ? await outsideTree({ root, store }, place, call)
    : await files.wholeTree(path, { ...call, refuseLeavingLinks: true });
  if (found === undefined) throw isOutside ? nothingOutside(place) : nothingThere(root, path);
  return found;
}

/** What lies below them is on the remote by now. */
function storeListings({ store }: Workspace, found: readonly TreeSnapshot[]): void {
  const writer = store.writer();
  try {
    for (const { snapshot, reader } of found) {
      if (snapshot.kind === 'file') continue;
      const nodes: ContentId[] = [];
      for (const { id } of walkNodes({ reader, id: snapshot.id }, () => false)) nodes.push(id);
      for (const id of nodes.reverse()) writer.putTree(reader.read('tree', id), 'tree');
    }
    writer.finish();
  } catch (error) {
    writer.abort();
    throw error;
  }
}
