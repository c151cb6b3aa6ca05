import type { Call } from '../base/call.js';
import { OcrpipeError, userError } from '../base/errors.js';
import type { LockEntry, LockedOutput } from '../pipeline/records/lock-file.js';
import { parseRunRecord } from '../pipeline/records/run-record.js';
import type { Scope } from '../project/roots/committed-needs.js';
import { scopedData } from '../project/roots/scoped-data.js';
import type { Workspace } from '../project/workspace.js';
import type { RunId, RunRecords } from '../store/run-records.js';
import { companionsOf, type Companion, type TargetPath } from './remote-targets.js';

/** What goes along with what the workspace names. */
export interface TransferScope extends Scope {
  /** Every run record, with what its run made. */
  readonly runs?: boolean;
  /** What cannot be had or read is a warning, and no failure. */
  readonly allowMissing?: boolean;
}

/** What commits name that are not checked out. */
export interface Beyond {
  readonly paths: readonly TargetPath[];
  readonly entries: readonly LockEntry[];
  /** Pointers and locks of old commits that cannot be read. */
  readonly broken: readonly OcrpipeError[];
}

const NOTHING: Beyond = { paths: [], entries: [], broken: [] };

/**
 * What the branches, tags, experiments or commits of a scope name. Throws (exit code 2) `scope-with-targets`, and `no-git`; warns of
 * a clone that does not have them all.
 */
export async function beyondWorkspace(
  workspace: Workspace,
  scope: TransferScope,
  targets: readonly string[],
): Promise<Beyond> {
  const { branches, tags, experiments, commits } = scope;
  const isScoped = [branches, tags, experiments, commits].includes(true);
  if (targets.length > 0 && (isScoped || scope.runs === true)) {
    throw userError(
      'scope-with-targets',
      'other commits and runs are moved as a whole, not single targets of them',
      {
        hint: 'Name targets, or give --all-branches and the like; for both, run the command twice.',
      },
    );
  }
  if (!isScoped) return NOTHING;
  const { git } = workspace;
  if (git === undefined) {
    throw userError('no-git', 'there are no other commits: this workspace is not in git', {
      hint: 'Leave out --all-branches, --all-tags, --all-commits and --all-experiments.',
    });
  }
  if (await git.isShallow()) warnOfShallow(workspace);
  return scopedData(git, scope);
}

function warnOfShallow({ events }: Workspace): void {
  events({
    ...{ type: 'note', level: 'warning', code: 'shallow-clone' },
    message:
      'this is a shallow clone: branches, tags and commits that git did not fetch are not seen here. \'git fetch --unshallow --tags origin "+refs/heads/*:refs/remotes/origin/*"\' gets them.',
  });
}

/** Says what is wrong and passed over, or throws it: see `allowMissing`. */
export function passOver(failures: readonly OcrpipeError[], { events }: Pick<Call, 'events'>): void {
  for (const { code, message } of failures) events({ type: 'note', level: 'warning', code, message });
}

/** The records of all runs that left their results in the store. */
export function storedRuns({ records, files }: Workspace): RunId[] {
  const known = new Map<string, boolean>();
  const isHere = ({ path: _path, ...snapshot }: LockedOutput): boolean => {
    const here = known.get(snapshot.id) ?? files.inStore(snapshot);
    known.set(snapshot.id, here);
    return here;
  };
  return [...records.all()].filter((run) => outsOf(records, run)?.every(isHere) === true);
}

/** What the runs of these records made, each content once. */
export function resultsOf(records: RunRecords, runs: Iterable<RunId>): Companion[] {
  const results = new Map<string, Companion>();
  for (const run of runs) {
    for (const each of companionsOf([{ deps: [], outs: outsOf(records, run) ?? [] }])) {
      results.set(each.kind + each.id, each);
    }
  }
  return [...results.values()];
}

/** Undefined for a record that cannot be read: its stage runs again. */
function outsOf(records: RunRecords, run: RunId): LockEntry['outs'] | undefined {
  try {
    return parseRunRecord(records.read(run))?.outs;
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}
