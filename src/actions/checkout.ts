import type { Call } from '../base/call.js';
import type { ContentId } from '../base/content-id.js';
import type { OcrpipeError } from '../base/errors.js';
import type { LinkType } from '../base/link-type.js';
import type { RepoPath } from '../base/paths.js';
import { withProgressOfMany } from '../base/with-progress.js';
import { RunningMarks } from '../pipeline/records/running-mark.js';
import { Workspace } from '../project/workspace.js';
import { miscounted } from '../tracking/pointers/miscounted.js';
import { readSoundPointer } from '../tracking/pointers/pointer-file.js';
import type { CheckoutOptions, PointedPath, Snapshot } from '../tracking/workspace-files.js';
import { checkoutTargets } from './checkout-targets.js';
import { failuresOfEach, joinFailures } from './each-path.js';
import { overwrittenPointers } from './overwritten-pointers.js';
import { putFiles } from './put-files.js';
import { warnOfUnseen } from './unseen-pointers.js';

export interface CheckoutInput {
  /** Tracked paths, folders above them, or stages, as they were typed; none: everything that has a pointer. */
  targets: readonly string[];
  /** Edited bytes that are not stored may be lost. */
  force: boolean;
  /** How large files are placed, the first that works, also those that are in place already; unless given, as set. */
  links?: readonly LinkType[] | undefined;
}

export interface CheckoutResult {
  /** Paths that hold something else now. */
  changed: readonly { path: RepoPath; id: ContentId }[];
  /** How many paths held what their pointers name already. */
  unchanged: number;
  /** What could not be put there, if anything. */
  failure?: OcrpipeError;
}

/**
 * Puts what the pointers name into the workspace. What cannot be put there (a broken pointer, bytes not in the store, edits
 * that would be lost) is left as it is, the rest is done, and the failure says what was wrong.
 */
export async function checkout(input: CheckoutInput, call: Call): Promise<CheckoutResult> {
  const workspace = Workspace.open(call, 'ocrpipe checkout');
  try {
    await workspace.useStore();
    const found = workspace.files.foundPointers();
    const { paths, named } = checkoutTargets(workspace, found.tracked, input.targets);
    const isAll = input.targets.length === 0;
    if (isAll) await warnOfUnseen(workspace, found);
    const marks = new RunningMarks(workspace);
    const pointed = await soundPointers(workspace, paths, call);
    const put = await putFiles(workspace, pointed, input, call);
    const changed: { path: RepoPath; id: ContentId }[] = pointed
      .filter(({ path }) => put.changed.has(path))
      .map(({ path, snapshot: { id } }) => ({ path, id }));
    let unchanged = put.done.size - changed.length;
    const others = paths.filter((path) => !put.done.has(path));
    const checkOut = async (path: RepoPath) => {
      const snapshot = workspace.files.pointer(path);
      if (snapshot === undefined) return;
      const { force, links } = input;
      const how = { ...call, force, keepEdits: true, ...(links && { links }) };
      // The id tells the bytes: they are put there, whatever the pointer says of their number.
      const wrong = miscounted(workspace.store, path, { pointer: snapshot });
      const what = { path, snapshot: wrong?.right ?? snapshot, named: named.has(path) };
      if (await putThere(workspace, what, how)) changed.push({ path, id: snapshot.id });
      else if (wrong === undefined) unchanged += 1;
      marks.settle(path);
      if (wrong) throw wrong.error;
    };
    // What is remembered of the files is written down once.
    const failures = await workspace.files.lookAtMany(() => failuresOfEach(others, call, checkOut));
    const overwritten = isAll ? await overwrittenPointers(workspace, found) : [];
    const failure = joinFailures([...failures, ...overwritten.map(({ error }) => error)]);
    return {
      changed: changed.sort((a, b) => (a.path < b.path ? -1 : 1)),
      unchanged,
      ...(failure && { failure }),
    };
  } finally {
    workspace.close();
  }
}

/** The pointers that can be read. */
async function soundPointers(
  { root }: Workspace,
  paths: readonly RepoPath[],
  call: Call,
): Promise<PointedPath[]> {
  const pointed: PointedPath[] = [];
  const shown = { key: 'pointers', total: paths.length, unit: 'files' } as const;
  await withProgressOfMany(shown, call, async (breathe) => {
    for (const [done, path] of paths.entries()) {
      await breathe(done);
      const snapshot = readSoundPointer(root, path);
      if (snapshot) pointed.push({ path, snapshot });
    }
  });
  return pointed;
}

/** Of a directory that is only partly there, the parts are looked after; the rest comes when it is named. */
async function putThere(
  { files }: Workspace,
  { path, snapshot, named }: { path: RepoPath; snapshot: Snapshot; named: boolean },
  how: CheckoutOptions,
): Promise<boolean> {
  const parts = named ? undefined : files.parts(path);
  return parts === undefined
    ? files.checkout(path, snapshot, how)
    : files.checkoutParts(path, snapshot, { ...how, parts });
}
