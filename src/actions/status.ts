import { createHash } from 'node:crypto';
import type { Call } from '../base/call.js';
import { OcrpipeError, type Location } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { withProgressOfMany } from '../base/with-progress.js';
import { pipelineStatus, type PipelineStatus, type StageStatus } from '../pipeline/staleness/stage-status.js';
import type { PipelineHost } from '../pipeline/host.js';
import { pipelineHost } from '../project/pipeline-host.js';
import { remoteInReach } from '../project/remote-in-reach.js';
import { Workspace } from '../project/workspace.js';
import type { ImportState } from './import-states.js';
import { storeFigures, type StoreFigures } from './store-figures.js';
import {
  POINTER_SUFFIX,
  pointerPathOf,
  pointerText,
  sameSnapshot,
} from '../tracking/pointers/plain-pointer.js';
import { overwrittenPointers, type Overwritten } from './overwritten-pointers.js';
import { miscounted } from '../tracking/pointers/miscounted.js';
import { passedOver } from '../tracking/pointers/pointers-inside.js';
import { unignoredData } from './unignored-data.js';
import type { Unpushed } from './unpushed.js';
import { unseenPointers } from './unseen-pointers.js';
import type { PathStatus, Snapshot, UnfinishedMove } from '../tracking/workspace-files.js';

export interface TrackedStatus {
  path: RepoPath;
  /**
   * `new`: git has no pointer of it committed. `modified`: pointer and bytes differ, see `cause`. `broken`: the pointer, or what
   * stands at the path, cannot be read, see `problem`.
   */
  state: 'clean' | 'modified' | 'missing' | 'new' | 'broken';
  /** Of `modified`: the bytes were edited, the pointer was changed (as by `git checkout`), or both, or it counts wrong what it names. */
  cause?: 'edited' | 'pointer-moved' | 'both' | 'miscounted';
  /**
   * Of `missing`, and of a pointer that moved: true if `checkout` can put it there, false if it has to be pulled. Of edits: false
   * if the store has not what was edited, as after a write through a hard link.
   */
  inStore?: boolean;
  /** Of `broken`; and of a pointer that counts wrong what it names, which `commit` corrects. */
  problem?: StatusProblem;
  /** True if the pointer is not as it is in git's last commit. */
  uncommitted?: boolean;
}

export interface StatusProblem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly location?: Location;
}

export interface StatusResult {
  tracked: readonly TrackedStatus[];
  stages: readonly StageStatus[];
  /** What `repro` would refuse, or what would make it fail at once; empty if nothing is in its way. */
  problems: readonly StatusProblem[];
  /** What hinders nothing here, and is worth a warning: data that only this machine has. */
  notes: readonly StatusProblem[];
  /** The remote that `pull` would ask; absent if there is none, or none within reach. */
  remote?: string;
  /** Where it was asked for: what a push would send. */
  unpushed?: Unpushed;
  /** Where it was asked for. */
  store?: StoreFigures;
  /** Where it was asked for: how imports stand beside their sources. */
  imports?: readonly ImportState[];
}

/** Compares pointers, bytes and git, and asks the plan for every stage. Changes nothing. */
export async function status(
  call: Call,
  options: { store?: boolean; imports?: boolean; remote?: { name: string | undefined } } = {},
): Promise<StatusResult> {
  const workspace = Workspace.open(call, 'ocrpipe status');
  try {
    const found = workspace.files.foundPointers();
    const paths = found.tracked;
    // Git answers in a process of its own while this one looks at the files.
    const [committed, unseen, unignored, overwritten, states] = await Promise.all([
      committedPointers(workspace, paths),
      unseenPointers(workspace, found),
      unignoredData(workspace, paths),
      overwrittenPointers(workspace, found),
      trackedStates(workspace, paths, call),
    ]);
    const broken = [...states.filter((each) => 'problem' in each), ...overwritten.map(brokenBy)];
    const tracked = [
      ...states.flatMap((each) => ('status' in each ? wordState(workspace, each, committed) : [])),
      ...broken.map((each) => ({ ...each, state: 'broken' as const })),
    ].sort((a, b) => (a.path < b.path ? -1 : 1));
    const remote = remoteInReach(workspace);
    const host = pipelineHost(workspace, { urls: options.imports === true });
    const pipeline = await pipelineUnless(broken.length > 0, host, seenOf(states));
    return {
      tracked,
      ...pipeline,
      notes: [
        ...(unseen ? [unseen] : []),
        ...(unignored ? [unignored] : []),
        ...states.flatMap((each) => ('status' in each ? pointersInside(each) : [])),
        ...workspace.files.unfinishedMoves().map(unfinishedMove),
        ...pipeline.notes,
      ],
      ...(remote !== undefined && { remote }),
      ...(options.store === true && { store: storeFigures(workspace, paths) }),
      ...(options.remote && { unpushed: await unpushedTo(workspace, options.remote, states) }),
      ...(options.imports === true && { imports: await statesOfImports(workspace, paths, call) }),
    };
  } finally {
    workspace.close();
  }
}

/** Who does not ask for it does not load what talks to remotes. */
async function unpushedTo(
  workspace: Workspace,
  { name }: { name: string | undefined },
  states: readonly (Facts | Broken)[],
): Promise<Unpushed> {
  const { unpushed } = await import('./unpushed.js');
  return unpushed(
    workspace,
    name,
    states.filter((each) => 'snapshot' in each),
  );
}

/** Who does not ask for it does not load what asks sources. */
async function statesOfImports(
  workspace: Workspace,
  paths: readonly RepoPath[],
  call: Call,
): Promise<ImportState[]> {
  const { importStates } = await import('./import-states.js');
  return importStates(workspace, paths, call);
}

function pointersInside({ path, status }: Facts): StatusProblem[] {
  const { code, message, hint } = passedOver(path, status.inside ?? []) ?? {};
  return code === undefined || message === undefined ? [] : [{ code, message, ...(hint && { hint }) }];
}

function unfinishedMove({ from, to }: UnfinishedMove): StatusProblem {
  return {
    code: 'move-unfinished',
    message: `${from} is on its way to ${to}, and not yet there`,
    hint: `If nothing moves it now, 'ocrpipe mv ${shellQuote(from)} ${shellQuote(to)}' finishes that`,
  };
}

/** What the stages read may be what is broken: then nothing can be said of them until it is mended. */
async function pipelineUnless(
  broken: boolean,
  host: PipelineHost,
  seen: ReadonlyMap<RepoPath, PathStatus>,
): Promise<PipelineStatus> {
  try {
    return await pipelineStatus(host, seen);
  } catch (error) {
    // A lock in conflict says nothing of the paths; pointers in conflict are told of with theirs.
    const ofPointer = error instanceof OcrpipeError && error.location?.file.endsWith(POINTER_SUFFIX) === true;
    if (error instanceof OcrpipeError && isUnmerged(error) && !ofPointer) {
      return { stages: [], problems: [problemOf(error).problem], notes: [] };
    }
    if (!broken || !isOfOnePath(error)) throw error;
    return { stages: [], problems: [], notes: [] };
  }
}

/** True if a pointer, or what it stands for, or the pipeline cannot be read: what the user must correct first. */
export function isBroken({ tracked, problems }: StatusResult): boolean {
  return tracked.some(({ state }) => state === 'broken') || problems.some(isUnmerged);
}

function isUnmerged({ code }: Pick<StatusProblem, 'code'>): boolean {
  return code === 'conflict-markers';
}

/** True if nothing is to be done: what `--exit-code` asks. */
export function isClean({ tracked, stages, problems, unpushed }: StatusResult): boolean {
  return (
    problems.length === 0 &&
    (unpushed === undefined || unpushed.paths.length + unpushed.objects === 0) &&
    tracked.every(({ state }) => state === 'clean') &&
    stages.every(({ state }) => state === 'fresh' || state === 'frozen')
  );
}

interface Facts {
  path: RepoPath;
  snapshot: Snapshot;
  status: PathStatus;
}

/** A path that cannot be told of, for the pointer or what stands there cannot be read. */
interface Broken {
  path: RepoPath;
  problem: StatusProblem;
}

/** What is wrong with one path says nothing of the others. */
const OF_ONE_PATH = new Set([
  'broken-pointer',
  'conflict-markers',
  'file-keeps-changing',
  'folder-too-deep',
  'not-readable',
  'not-trackable',
  'path-outside-workspace',
  'path-through-link',
  'path-too-long',
  'too-many-files',
]);

function isOfOnePath(error: unknown): error is OcrpipeError {
  return error instanceof OcrpipeError && OF_ONE_PATH.has(error.code);
}

async function trackedStates(
  workspace: Workspace,
  paths: readonly RepoPath[],
  call: Call,
): Promise<(Facts | Broken)[]> {
  const shown = { key: 'status', total: paths.length, unit: 'files' } as const;
  return workspace.files.lookAtMany(
    (stateOf) =>
      withProgressOfMany(shown, call, async (breathe) => {
        const states: (Facts | Broken)[] = [];
        for (const [done, path] of paths.entries()) {
          await breathe(done);
          states.push(...(await factsOf(path, stateOf)));
        }
        return states;
      }),
    call,
  );
}

async function factsOf(
  path: RepoPath,
  stateOf: (path: RepoPath) => Promise<PathStatus>,
): Promise<(Facts | Broken)[]> {
  try {
    const status = await stateOf(path);
    return status.pointer ? [{ path, snapshot: status.pointer, status }] : [];
  } catch (error) {
    if (!isOfOnePath(error)) throw error;
    return [brokenBy({ path, error })];
  }
}

function brokenBy({ path, error }: Overwritten): Broken {
  return { path, ...problemOf(error) };
}

function problemOf(error: OcrpipeError): { problem: StatusProblem };
function problemOf(error: OcrpipeError | undefined): { problem?: StatusProblem };
function problemOf(error: OcrpipeError | undefined): { problem?: StatusProblem } {
  if (error === undefined) return {};
  const { code, message, hint, location } = error;
  return { problem: { code, message, ...(hint && { hint }), ...(location && { location }) } };
}

function seenOf(states: readonly (Facts | Broken)[]): Map<RepoPath, PathStatus> {
  return new Map(states.flatMap((each) => ('status' in each ? [[each.path, each.status] as const] : [])));
}

/** Git's names for the pointers of its last commit. */
type Committed = ReadonlyMap<RepoPath, string>;

const CAUSES = { modified: 'edited', 'pointer-moved': 'pointer-moved', conflict: 'both' } as const;

function wordState(workspace: Workspace, facts: Facts, committed: Committed | undefined): TrackedStatus {
  const { path, snapshot, status } = facts;
  const { state } = status;
  const inGit = committed?.get(path);
  const differs = committed !== undefined && inGit !== gitBlobId(pointerText(snapshot), inGit);
  const uncommitted = differs ? { uncommitted: true } : {};
  if (state === 'clean' || state === 'untracked') {
    return { path, state: committed !== undefined && inGit === undefined ? 'new' : 'clean', ...uncommitted };
  }
  const wrong = miscounted(workspace.store, path, { pointer: snapshot, there: status.there });
  const more = { ...problemOf(wrong?.error), ...uncommitted };
  if (state === 'missing') return { path, state, inStore: workspace.files.inStore(snapshot), ...more };
  const cause = sameSnapshot(status.there, snapshot) ? 'miscounted' : CAUSES[state];
  const lost = status.formerLost === true ? { inStore: false } : {};
  const moved = state === 'pointer-moved' ? { inStore: workspace.files.inStore(snapshot) } : lost;
  return { path, state: 'modified', cause, ...moved, ...more };
}

/** Undefined without git. */
async function committedPointers(
  { git }: Workspace,
  paths: readonly RepoPath[],
): Promise<Committed | undefined> {
  if (git === undefined) return undefined;
  const commit = paths.length === 0 ? undefined : await git.currentCommit();
  if (commit === undefined) return new Map();
  const files = await git.filesAt(commit, paths.map(pointerPathOf));
  const objects = new Map(files.map(({ path, object }) => [path, object]));
  return new Map(
    paths.flatMap((path): [RepoPath, string][] => {
      const object = objects.get(pointerPathOf(path));
      return object === undefined ? [] : [[path, object]];
    }),
  );
}

/** What git would call a file of this text, by the hash (SHA-1 or SHA-256) that the repository uses. */
function gitBlobId(text: string, like: string | undefined): string {
  const algorithm = like?.length === 64 ? 'sha256' : 'sha1';
  return createHash(algorithm)
    .update(`blob ${Buffer.byteLength(text)}\0${text}`)
    .digest('hex');
}
