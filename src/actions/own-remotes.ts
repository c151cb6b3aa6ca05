import { OcrpipeError, userError } from '../base/errors.js';
import type { Call } from '../base/call.js';
import type { EventSink } from '../base/events.js';
import { groupBy } from '../base/group-by.js';
import { isWithin, type RepoPath } from '../base/paths.js';
import { PIPELINE_FILE } from '../pipeline/definition/stage/file-names.js';
import { pipelineFiles } from '../pipeline/definition/read/pipeline-files.js';
import { readIfThere } from '../pipeline/staleness/load.js';
import type { Workspace } from '../project/workspace.js';
import { stagesOf } from './stage-files.js';

/** Which remote a path belongs to, and no other: that of an output with `remote`. Undefined: any. */
export type RemoteOf = (path: string) => string | undefined;

/** Throws what is wrong with pipeline.yaml: what belongs to one remote must not go to another for a slip of the pen. */
export function ownRemotes(workspace: Workspace): RemoteOf {
  // Without the word there is nothing to read for.
  const { files } = pipelineFiles(workspace.root);
  const named = files.some((file) => readIfThere(workspace.root, file)?.includes('remote') === true);
  if (!named) return () => undefined;
  const outs = stagesOf(workspace).flatMap((stage) => stage.outs);
  const remotes = new Map(
    outs.flatMap(({ path, remote }) => (remote === undefined ? [] : [[path as string, remote] as const])),
  );
  return (path) =>
    remotes.get(path) ?? [...remotes].find(([out]) => isWithin(path as RepoPath, out as RepoPath))?.[1];
}

/** What goes to, or comes from, one remote; without a name the one that was asked for, or the default one. */
export interface Share<T> {
  readonly remote: string | undefined;
  readonly items: readonly T[];
}

/**
 * Items by the remotes that they belong to; those that may be on any come first, and are a share though there are none if there
 * is no other. With a remote that was asked for (`asked`), what belongs to another one is left out, with a note; typed by the user
 * (`typed`) it is refused: `belongs-to-remote`.
 */
export function sharesOf<T>(
  items: readonly T[],
  remoteOf: (item: T) => string | undefined,
  how: { asked: string | undefined; typed: boolean; nameOf: (item: T) => string; events: EventSink },
): Share<T>[] {
  const { asked } = how;
  const groups = groupBy(items, (item) => (remoteOf(item) === asked ? undefined : remoteOf(item)));
  const anywhere = groups.get(undefined) ?? [];
  groups.delete(undefined);
  if (asked !== undefined) {
    for (const [remote, [first]] of groups) {
      if (first === undefined) continue;
      const message = `${how.nameOf(first)} belongs to the remote '${remote}'`;
      if (how.typed) throw belongsElsewhere(message, asked);
      how.events({ type: 'note', level: 'info', code: 'belongs-to-remote', message: `${message}: left out` });
    }
    return [{ remote: asked, items: anywhere }];
  }
  const shares = [...groups].map(([remote, own]): Share<T> => ({ remote, items: own }));
  const first = anywhere.length > 0 || shares.length === 0 ? [{ remote: undefined, items: anywhere }] : [];
  return [...first, ...shares];
}

/**
 * Does the work of each share. One of nothing but what goes along (`isExtra`) is passed over with a warning where its remote cannot be
 * used: who may not reach it still gets what was asked for.
 */
export async function eachShare<T, R>(
  shares: readonly Share<T>[],
  { signal, events }: Pick<Call, 'signal' | 'events'>,
  { isExtra, work }: { isExtra: (item: T) => boolean; work: (share: Share<T>) => Promise<R> },
): Promise<readonly R[]> {
  const done: R[] = [];
  for (const share of shares) {
    try {
      done.push(await work(share));
    } catch (error) {
      const only = shares.length === 1 || !share.items.every(isExtra);
      if (only || signal.aborted || !(error instanceof OcrpipeError)) throw error;
      events({ type: 'note', level: 'warning', code: error.code, message: `${error.message}: passed over` });
    }
  }
  return done;
}

function belongsElsewhere(message: string, asked: string): OcrpipeError {
  return userError('belongs-to-remote', `${message}, not to '${asked}'`, {
    hint: `Leave out --remote, or change 'remote' of the output in ${PIPELINE_FILE}.`,
  });
}
