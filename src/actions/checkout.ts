import type { Call } from '../base/call.js';
import type { ContentId } from '../base/content-id.js';
import { OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import { Workspace } from '../project/workspace.js';
import { selectTracked } from './select-tracked.js';

export interface CheckoutInput {
  /** As they were typed; none: everything that has a pointer. */
  paths: readonly string[];
  /** Edited bytes that are not stored may be lost. */
  force: boolean;
}

export interface CheckoutResult {
  /** Paths that hold something else now. */
  changed: readonly { path: RepoPath; id: ContentId }[];
  /** How many paths held what their pointers name already. */
  unchanged: number;
}

/**
 * Puts what the pointers name into the workspace. A path that cannot be (bytes not in the store, edits that would be lost)
 * is left as it is, the others are done, and then the error is thrown.
 */
export async function checkout(input: CheckoutInput, call: Call): Promise<CheckoutResult> {
  const workspace = Workspace.open(call, 'ocrpipe checkout');
  try {
    const named = input.paths.map((typed) => workspace.path(typed));
    // Every pointer is read before anything changes: a broken one stops it all.
    const pointers = selectTracked(workspace.files.trackedPaths(), named).flatMap((path) => {
      const snapshot = workspace.files.pointer(path);
      return snapshot ? [{ path, snapshot }] : [];
    });
    const changed: { path: RepoPath; id: ContentId }[] = [];
    const failures: OcrpipeError[] = [];
    for (const { path, snapshot } of pointers) {
      try {
        const done = await workspace.files.checkout(path, snapshot, { ...call, force: input.force });
        if (done) changed.push({ path, id: snapshot.id });
      } catch (error) {
        if (!(error instanceof OcrpipeError) || call.signal.aborted) throw error;
        failures.push(error);
      }
    }
    throwFailures(failures);
    return { changed, unchanged: pointers.length - changed.length };
  } finally {
    workspace.close();
  }
}

function throwFailures(failures: readonly OcrpipeError[]): void {
  const [first] = failures;
  if (first === undefined) return;
  if (failures.length === 1) throw first;
  throw new OcrpipeError(first.code, failures.map(({ message }) => message).join('; '), {
    exitCode: failures.some(({ exitCode }) => exitCode === 1) ? 1 : first.exitCode,
    cause: first,
    ...(first.hint !== undefined && { hint: first.hint }),
  });
}
