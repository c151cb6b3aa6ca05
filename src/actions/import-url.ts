import type { Call } from '../base/call.js';
import { downloadFile, importing } from '../project/source/download-file.js';
import { folderMemory } from '../project/source/folder-memory.js';
import {
  checkAccess,
  fileNameOf,
  parseFileAddress,
  versionOf,
  type S3Access,
} from '../project/source/file-address.js';
import { Workspace } from '../project/workspace.js';
import type { UrlFile } from '../project/source/url-file.js';
import type { UrlSource } from '../tracking/pointers/import-source.js';
import type { Snapshot } from '../tracking/workspace-files.js';
import type { RepoPath } from '../base/paths.js';
import { importPlace, refusePlace } from './import-place.js';
import { takenByRemote, type Taking } from './taken-by-remote.js';
import { pointerFiles, toCommit, type ToCommit } from './to-commit.js';

export interface ImportUrlInput {
  url: string;
  /** Where to; into a folder that is there. The last name of the address in the current folder if left out. */
  out?: string | undefined;
  /** What stands there may be lost. */
  force: boolean;
  /** How an S3 object is reached. Of this the pointer keeps what holds for everybody: no profile, and no file of this machine. */
  access?: S3Access | undefined;
  /** This version of an object of a bucket that keeps versions, from now on. */
  version?: string | undefined;
  /** Downloads at once, of the objects of a folder. */
  jobs: number;
  /** Send the bytes to this remote (the default one if it has no name) instead of storing them, and put none in place. */
  toRemote?: { name?: string | undefined } | undefined;
}

export interface ImportUrlResult extends ToCommit {
  path: RepoPath;
  id: Snapshot['id'];
  size: number;
  /** Of a folder. */
  files?: number;
  source: UrlSource;
}

/** Downloads a file, or a folder of a bucket, and tracks it; the pointer remembers its address and version. Stored, in place, pointed to: in this order. */
export async function importUrl(input: ImportUrlInput, call: Call): Promise<ImportUrlResult> {
  const workspace = Workspace.open(call, 'ocrpipe import-url');
  try {
    await workspace.useStore();
    const { force, access = {}, jobs } = input;
    const address = versionOf(parseFileAddress(input.url), input.version);
    checkAccess(access, address);
    const isFolder = address.kind === 's3-folder';
    const path = importPlace(workspace, input.out, fileNameOf(address));
    await refusePlace(workspace, path, { force, isFolder });
    const { events, signal } = call;
    const memory = folderMemory(workspace.root);
    const how = { store: workspace.store, access, correct: importing(input.url), events, signal };
    const { toRemote } = input;
    const download = (taking: Taking = {}): Promise<UrlFile | undefined> =>
      downloadFile(address, { ...how, memory, jobs, ...taking });
    const file = toRemote
      ? await takenByRemote(workspace, { path, remote: toRemote.name, jobs, call }, download)
      : await download();
    const { snapshot, source } = file!;
    if (!toRemote) await workspace.files.checkout(path, snapshot, { ...call, force });
    const elsewhere = toRemote !== undefined;
    await workspace.files.writePointer(path, { ...snapshot, source }, { ...call, elsewhere });
    const { git, root } = workspace;
    const written = await toCommit({ git, root, cwd: call.cwd }, pointerFiles(path));
    const { id, size, files } = snapshot;
    return { path, id, size, ...(files !== undefined && { files }), source, ...written };
  } finally {
    workspace.close();
  }
}
