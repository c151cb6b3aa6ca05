import { lstatSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { userError } from '../../base/errors.js';
import { fromRepoPath, toRepoPath, type AbsPath, type RepoPath } from '../../base/paths.js';
import { writePoint } from '../../base/write-points.js';
import { directoryIn, treeEntries, type TreeRef } from '../../store/tree-reader.js';
import type { PointedPath } from '../../tracking/workspace-files.js';
import { bytePath, fsPath, joinBytes, type BytePath } from '../../tracking/byte-path.js';
import { removeEmptyFolder, removeFile } from '../../tracking/checkout/write-files.js';
import type { PipelineHost } from '../host.js';
import { outputProblem } from '../definition/stage/own-paths.js';
import { throwProblems } from '../definition/problems/problems.js';
import { sameContent, type LockedPath } from '../records/signature.js';
import { isIncomplete, type OutputNow, type StageNow } from '../staleness/staleness.js';
import { editedOutput } from '../staleness/tracked-inputs.js';

/** What may happen to bytes that no store holds. */
interface Force {
  /** The user said that what stands at the outputs may be lost. */
  readonly forced: boolean;
}

/** Removing lets signals through after so many names. */
const NAMES_PER_BREATH = 1024;

/**
 * What comes before a run or a restore changes anything: places that nothing may be removed from are refused, and bytes that
 * no store holds are stored, unless an unrecorded run left them or they may be lost.
 */
export async function secureOutputs(host: PipelineHost, now: StageNow, { forced }: Force): Promise<void> {
  for (const { output } of now.outs) placeOf(host, output.path);
  for (const out of now.outs) {
    host.signal.throwIfAborted();
    const kept = !out.there || forced || out.leftover === true || out.stored();
    if (!kept) await host.files.store(out.output.path, host);
  }
}

/**
 * Makes room for a run, after `secureOutputs`: outputs are removed, those with `persist` stay (as files of their own: the stage may
 * write to them where they are, which must not reach the store), the folders that they lie in are made. Of a folder only what tracking sees is removed: what it leaves out (ignored files, another git repository) is in
 * no store, and stays unless `forced`.
 */
export async function clearOutputs(host: PipelineHost, now: StageNow, { forced }: Force): Promise<void> {
  for (const out of now.outs) {
    host.signal.throwIfAborted();
    if (out.output.persist) await host.files.unlink(out.output.path, host);
    else await remove(host, { name: now.name, out, forced });
    mkdirSync(dirname(fromRepoPath(host.root, out.output.path)), { recursive: true });
  }
}

/**
 * Puts the outputs of an earlier run in place, after `secureOutputs`, with their pointers; those that are as they should be
 * are not touched.
 */
export async function restoreOutputs(
  host: PipelineHost,
  now: StageNow,
  result: readonly LockedPath[],
): Promise<void> {
  const byPath = new Map(result.map((out) => [out.path, out]));
  for (const out of now.outs) {
    host.signal.throwIfAborted();
    const { path, ...snapshot } = byPath.get(out.output.path)!;
    if (!sameContent(out.there, snapshot)) {
      if (out.leftover === true) await remove(host, { name: now.name, out, forced: false });
      await host.files.checkout(path, snapshot, { events: host.events, signal: host.signal });
    }
    await host.files.writePointers(await pointersOf(host, [out.output], [{ path, ...snapshot }]));
  }
}

/** The pointers that are to be written for outputs: each that is cached has one. Those that others still have are removed. */
export async function pointersOf(
  host: PipelineHost,
  outputs: readonly OutputNow['output'][],
  outs: readonly LockedPath[],
): Promise<PointedPath[]> {
  const byPath = new Map(outs.map(({ path, ...snapshot }) => [path, snapshot]));
  const gone = outputs.filter(({ path, cache }) => !cache && host.files.pointer(path) !== undefined);
  if (gone.length > 0) await host.files.removePointers(gone.map(({ path }) => path));
  return outputs.filter(({ cache }) => cache).map(({ path }) => ({ path, snapshot: byPath.get(path)! }));
}

async function remove(
  host: PipelineHost,
  { name, out, forced }: { name: string; out: OutputNow; forced: boolean },
): Promise<void> {
  const { path } = out.output;
  const place = placeOf(host, path);
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (stat === undefined) return;
  // What is made here next is the whole, not edits to the files that came.
  if (isIncomplete(out)) host.files.forget(path);
  if (forced) {
    writePoint();
    rmSync(place, { recursive: true, force: true });
    return;
  }
  if (stat.isSymbolicLink()) {
    removeFile(bytePath(place));
    return;
  }
  const tree = await host.files.tree(path, host);
  // It was judged, and stored where it had to be, as it was a moment ago: an edit since then would be lost.
  if (!sameContent(tree?.snapshot, out.there)) throwProblems([editedOutput(path, name)]);
  if (!stat.isDirectory()) removeFile(bytePath(place));
  else if (tree)
    await removeSeen({ reader: tree.reader, id: tree.snapshot.id }, bytePath(place), host.signal);
}

/** Removes what a tree lists, and the folders that are empty then. */
async function removeSeen(tree: TreeRef, folder: BytePath, signal: AbortSignal): Promise<void> {
  let names = 0;
  for (const entry of treeEntries(tree)) {
    const path = joinBytes(folder, entry.name);
    const isFolder = lstatSync(fsPath(path), { throwIfNoEntry: false })?.isDirectory() === true;
    // What turned from a file into a folder, or back, since it was looked at is somebody's edit: it stays.
    if (isFolder !== (entry.kind === 'directory')) continue;
    if (entry.kind === 'directory') await removeSeen(directoryIn(tree, entry), path, signal);
    else removeFile(path);
    names += 1;
    if (names % NAMES_PER_BREATH === 0) {
      await setImmediate();
      signal.throwIfAborted();
    }
  }
  removeEmptyFolder(folder);
}

/**
 * Where an output really is. A link among the folders above it may lead anywhere: nothing is removed behind one that leaves
 * the workspace (`path-outside-workspace`) or leads to what belongs to git or ocrpipe (`output-not-allowed`).
 */
function placeOf(host: PipelineHost, path: RepoPath): AbsPath {
  const root = realpathSync(host.root) as AbsPath;
  const place = join(realFolder(dirname(fromRepoPath(host.root, path))), basename(path));
  const reason = outputProblem(path) ?? outputProblem(insideRoot(root, path, place));
  if (reason === undefined) return place as AbsPath;
  throw userError('output-not-allowed', `'${path}' cannot be an output: ${reason}`, {
    hint: 'Let the stage write elsewhere.',
  });
}

function insideRoot(root: AbsPath, path: RepoPath, place: string): RepoPath {
  try {
    return toRepoPath(root, place);
  } catch (error) {
    throw userError('path-outside-workspace', `'${path}' leads outside the workspace, to ${place}`, {
      hint: 'A folder above it is a link: let the stage write elsewhere.',
      cause: error,
    });
  }
}

/** A folder with all links followed, also where its last parts are not there yet. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return join(realFolder(dirname(folder)), basename(folder));
  }
}
