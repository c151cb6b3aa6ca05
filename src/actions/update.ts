import type { Call } from '../base/call.js';
import type { ContentId } from '../base/content-id.js';
import { userError } from '../base/errors.js';
import type { OcrpipeError } from '../base/errors.js';
import { suggest } from '../base/nearest.js';
import type { RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { bringImportable, importable, snapshotThere } from '../project/source/imported.js';
import { downloadFile, updating } from '../project/source/download-file.js';
import { folderMemory } from '../project/source/folder-memory.js';
import { describeFolder } from '../project/source/s3-folder.js';
import {
  parseFileAddress,
  versionOf,
  type FileAddress,
  type S3Access,
} from '../project/source/file-address.js';
import { describeObject } from '../project/source/s3-file.js';
import type { S3Options } from '../project/source/source-bucket.js';
import { isKnownVersion } from '../project/source/url-file.js';
import { Workspace } from '../project/workspace.js';
import type { ImportSource, RepositorySource, UrlSource } from '../tracking/pointers/import-source.js';
import { sameSnapshot } from '../tracking/pointers/plain-pointer.js';
import type { Snapshot } from '../tracking/workspace-files.js';
import { failuresOfEach, joinFailures } from './each-path.js';
import { selectTracked } from './select-tracked.js';
import { pointerFiles, toCommit, type ToCommit } from './to-commit.js';

export interface UpdateInput {
  /** Imported paths or folders, as they were typed; none: every import. */
  targets: readonly string[];
  /** Follow this branch, tag or commit of the repository from now on. */
  revision?: string | undefined;
  /** Of objects of buckets that keep versions: this version from now on; 'latest' follows what changes again. */
  version?: string | undefined;
  /** Only say what there is. */
  check: boolean;
  /** Downloads at once. */
  jobs: number;
  /** Whose credentials are used for objects of buckets, and which certificates. */
  access?: Pick<S3Access, 'profile' | 'caBundle'> | undefined;
}

export interface UpdatedPath {
  path: RepoPath;
  /** `outdated`: the source has something else, and nothing was changed. */
  state: 'unchanged' | 'updated' | 'outdated';
  old: ContentId;
  /** Absent where only the server's word for another version is known. */
  new?: ContentId;
  source: ImportSource;
}

export interface UpdateResult extends ToCommit {
  imports: readonly UpdatedPath[];
  /** What could not be done for some, where the rest was. */
  failure?: OcrpipeError;
}

/** True if a source has something else than is here. */
export function isOutdated({ imports }: UpdateResult): boolean {
  return imports.some(({ state }) => state === 'outdated');
}

/**
 * Brings imports to what their sources have now: stored, then in place, then in the pointer. What was edited here is not overwritten:
 * such a path is left, the others are done, and the failure says so.
 */
export async function update(input: UpdateInput, call: Call): Promise<UpdateResult> {
  const workspace = Workspace.open(call, 'ocrpipe update');
  try {
    await workspace.useStore();
    const imports: UpdatedPath[] = [];
    const chosen = chooseImports(workspace, input.targets);
    const failure = joinFailures(
      await failuresOfEach(chosen, call, async ({ path, snapshot, source }) => {
        imports.push(await updateOne(workspace, { path, snapshot, source }, { input, call }));
      }),
    );
    const { git, root } = workspace;
    const files = imports
      .filter(({ state }) => state !== 'outdated')
      .flatMap(({ path }) => pointerFiles(path));
    const written = await toCommit({ git, root, cwd: call.cwd }, files);
    return { imports, ...(failure && { failure }), ...written };
  } finally {
    workspace.close();
  }
}

export interface Imported {
  path: RepoPath;
  snapshot: Snapshot;
  source: ImportSource;
}

function chooseImports(workspace: Workspace, targets: readonly string[]): Imported[] {
  const { files } = workspace;
  const named = targets.map((typed) => workspace.path(typed));
  const chosen = selectTracked(files.trackedPaths(), named).flatMap((path) => {
    const snapshot = files.pointer(path);
    return snapshot ? [{ path, snapshot }] : [];
  });
  const imports = chosen.flatMap(({ path, snapshot }) =>
    snapshot.source ? [{ path, snapshot, source: snapshot.source }] : [],
  );
  const own = named.find(
    (path) => !imports.some((each) => each.path === path || each.path.startsWith(`${path}/`)),
  );
  if (own !== undefined) throw notImported(own, imports);
  return imports;
}

function notImported(path: RepoPath, imports: readonly Imported[]): OcrpipeError {
  return userError('not-imported', `${path} was not imported from anywhere`, {
    hint:
      imports.length === 0
        ? `'ocrpipe add ${shellQuote(path)}' takes up what was changed here.`
        : suggest(
            path,
            imports.map((each) => each.path),
          ),
  });
}

interface How {
  input: UpdateInput;
  call: Call;
}

/** How a source stands without changing anything here, and without downloading a file: undefined where only that would tell. */
export async function lookAtSource(
  workspace: Workspace,
  imported: Imported,
  call: Call,
): Promise<UpdatedPath['state'] | undefined> {
  const { source } = imported;
  const address = 'repository' in source ? undefined : addressOf(source);
  if (address?.kind === 'http' && 'url' in source) {
    const same = await isKnownVersion(address.url, source, call.signal);
    return same === undefined ? undefined : same ? 'unchanged' : 'outdated';
  }
  const input: UpdateInput = { targets: [], check: true, jobs: 1 };
  return (await updateOne(workspace, imported, { input, call })).state;
}

async function updateOne(workspace: Workspace, imported: Imported, how: How): Promise<UpdatedPath> {
  const { path, snapshot, source } = imported;
  return 'repository' in source
    ? updateFromRepository(workspace, { path, snapshot, source }, how)
    : updateFromUrl(workspace, { path, snapshot, source }, how);
}

/** Asks its server whether it is another version; one that cannot tell is downloaded and compared. */
async function updateFromUrl(
  workspace: Workspace,
  { path, snapshot, source }: Imported & { source: UrlSource },
  { input, call }: How,
): Promise<UpdatedPath> {
  const { store } = workspace;
  const { events, signal } = call;
  const address = addressOf(source, input.version);
  if (source.pinned === true && input.version === undefined) return unchangedFrom(source, path, snapshot);
  const access = { ...accessOf(source), ...input.access };
  const how = { access, correct: updating(path, source.url), signal };
  const imported = { path, snapshot, source };
  const told = input.check ? await toldByServer(imported, address, how) : undefined;
  if (told !== undefined) return told;
  // Whether a version is followed is written down, too: it is asked for anew.
  const known = input.version === undefined ? { known: source } : {};
  const memory = folderMemory(workspace.root);
  const now = await downloadFile(address, { ...how, store, events, memory, jobs: input.jobs, ...known });
  const id = now?.snapshot.id ?? snapshot.id;
  const result = { path, old: snapshot.id, new: id };
  if (now === undefined) return { ...result, state: 'unchanged', source };
  if (id === snapshot.id) {
    // By what its server calls this version now, it need not be downloaded again.
    if (!input.check) await workspace.files.writePointer(path, { ...snapshot, source: now.source }, call);
    return { ...result, state: 'unchanged', source: input.check ? source : now.source };
  }
  if (input.check) return { ...result, state: 'outdated', source };
  await workspace.files.checkout(path, now.snapshot, { ...call, keepEdits: true });
  await workspace.files.writePointer(path, { ...now.snapshot, source: now.source }, call);
  return { ...result, state: 'updated', source: now.source };
}

const LATEST = 'latest';

/** The address of what is imported, in the version that is asked for or followed. */
function addressOf({ url, versionId, pinned }: UrlSource, asked?: string): FileAddress {
  const followed = pinned === true ? versionId : undefined;
  return versionOf(parseFileAddress(url), asked === LATEST ? undefined : (asked ?? followed));
}

function unchangedFrom(source: UrlSource, path: RepoPath, { id }: Snapshot): UpdatedPath {
  return { path, state: 'unchanged', old: id, new: id, source };
}

/** What the server says of it without sending the file, which may be large; undefined if it does not tell its versions apart. */
async function toldByServer(
  { path, snapshot, source }: Imported & { source: UrlSource },
  address: FileAddress,
  how: S3Options,
): Promise<UpdatedPath | undefined> {
  const result = (same: boolean, id?: ContentId): UpdatedPath => ({
    ...{ path, old: snapshot.id, source, state: same ? 'unchanged' : 'outdated' },
    ...(same ? { new: snapshot.id } : id !== undefined && { new: id }),
  });
  if (address.kind === 's3-folder') return result((await describeFolder(address, how)) === source.etag);
  if (address.kind === 's3') {
    const { etag, sha256 } = await describeObject(address, how);
    return result(etag === source.etag || sha256 === snapshot.id, sha256);
  }
  const same = await isKnownVersion(address.url, source, how.signal);
  return same === undefined ? undefined : result(same);
}

function accessOf({ endpoint, region, pathStyle, anonymous }: UrlSource): S3Access {
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(pathStyle !== undefined && { pathStyle }),
    ...(anonymous !== undefined && { anonymous }),
  };
}

async function updateFromRepository(
  workspace: Workspace,
  { path, snapshot, source }: Imported & { source: RepositorySource },
  { input, call }: How,
): Promise<UpdatedPath> {
  const { rev: known, ...before } = source;
  const rev = input.revision ?? known;
  const there = await importable(workspace, { ...source, revision: rev });
  const now = await snapshotThere(there, call.signal);
  const next = { ...before, ...(rev !== undefined && { rev }), commit: there.source.commit };
  const result = { path, old: snapshot.id, new: now.id };
  const same = sameSnapshot(snapshot, now);
  // A newer commit with the same bytes is no news; another branch to follow is.
  if (same && rev === known) return { ...result, state: 'unchanged', source };
  if (input.check) return { ...result, state: same ? 'unchanged' : 'outdated', source };
  await bringImportable(there, workspace, input.jobs);
  if (!same) await workspace.files.checkout(path, now, { ...call, keepEdits: true });
  await workspace.files.writePointer(path, { ...now, source: next }, call);
  return { ...result, state: 'updated', source: next };
}
