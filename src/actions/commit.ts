import type { Call } from '../base/call.js';
import type { ContentId } from '../base/content-id.js';
import { userError } from '../base/errors.js';
import { isWithin, type RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { commitStages, type CommittedStage } from '../pipeline/run/commit-stages.js';
import { throwProblems } from '../pipeline/definition/problems/problems.js';
import type { Stage } from '../pipeline/definition/stage/stage.js';
import { StageNames } from '../pipeline/definition/stage/stage-names.js';
import { notAllHere } from '../pipeline/staleness/tracked-inputs.js';
import { pipelineHost } from '../project/pipeline-host.js';
import { Workspace } from '../project/workspace.js';
import { isRestUnknown } from '../tracking/unknown-rest.js';
import type { PathStatus } from '../tracking/workspace-files.js';
import { failuresOfAll, failuresOfEach, throwFailures } from './each-path.js';
import { refuseOverwritten } from './overwritten-pointers.js';
import { selectTracked } from './select-tracked.js';
import { stageFiles, stagesOf } from './stage-files.js';
import { pointerFiles, toCommit, type ToCommit } from './to-commit.js';

export interface CommitInput {
  /** Tracked paths or stages, as they were typed; none: everything that changed. */
  targets: readonly string[];
}

/** A tracked path, and what its pointer named and names. */
interface RecordedPath {
  path: RepoPath;
  old: ContentId;
  new: ContentId;
}

export interface CommitResult extends ToCommit {
  /** Tracked paths whose pointer names something else now. */
  tracked: readonly RecordedPath[];
  stages: readonly CommittedStage[];
  /** True if git holds the workspace, and so the pointers and pipeline.lock. */
  git: boolean;
}

/**
 * Records what is in the workspace without running anything: changed tracked paths get new pointers, stages take what stands
 * at their outputs for their results.
 */
export async function commit(input: CommitInput, call: Call): Promise<CommitResult> {
  const workspace = Workspace.open(call, 'ocrpipe commit');
  try {
    await workspace.useStore();
    const { paths, stages } = chooseTargets(workspace, input.targets);
    const tracked = await recordPaths(workspace, paths, { named: input.targets.length > 0, call });
    if (input.targets.length === 0) await refuseOverwritten(workspace, workspace.files.foundPointers());
    const wanted = stages === undefined || stages.length > 0;
    const committed = wanted ? await commitStages(pipelineHost(workspace), stages) : [];
    const { git, root } = workspace;
    const files = [
      ...tracked.flatMap(({ path }) => pointerFiles(path)),
      ...stageFiles(
        workspace,
        committed.map(({ name }) => name),
      ),
    ];
    const written = await toCommit({ git, root, cwd: call.cwd }, files);
    return { tracked, stages: committed, git: git !== undefined, ...written };
  } finally {
    workspace.close();
  }
}

/** The tracked paths that are no outputs, and the stages; `stages` undefined: all. */
function chooseTargets(
  workspace: Workspace,
  targets: readonly string[],
): { paths: RepoPath[]; stages: string[] | undefined } {
  const stages = stagesOf(workspace);
  const outputs = new Set(stages.flatMap(({ outs }) => outs.map(({ path }) => path)));
  const own = workspace.files.trackedPaths().filter((path) => !outputs.has(path));
  if (targets.length === 0) return { paths: own, stages: stages.length === 0 ? [] : undefined };
  const chosen = targets.map((target) => chooseOne(workspace, target, { stages, own }));
  return {
    paths: [...new Set(chosen.flatMap(({ paths }) => paths))],
    stages: [...new Set(chosen.flatMap(({ makers }) => makers))],
  };
}

function chooseOne(
  workspace: Workspace,
  target: string,
  { stages, own }: { stages: readonly Stage[]; own: readonly RepoPath[] },
): { paths: RepoPath[]; makers: string[] } {
  const named = new StageNames(stages.map(({ name }) => name)).named(target, workspace.path('.'));
  if (named) return { paths: [], makers: [...named] };
  const path = workspace.path(target);
  const makers = stages
    .filter(({ outs }) => outs.some((out) => isWithin(out.path, path)))
    .map(({ name }) => name);
  const below = own.filter((each) => isWithin(each, path));
  if (makers.length > 0) return { paths: below, makers };
  const others = stages.flatMap(({ name, outs }) => [name, ...outs.map((out) => out.path)]);
  return { paths: selectTracked(own, [path], others), makers };
}

/** Records all that is to be recorded; then what was wrong with others is thrown. */
async function recordPaths(
  workspace: Workspace,
  paths: readonly RepoPath[],
  { named, call }: { named: boolean; call: Call },
): Promise<RecordedPath[]> {
  const { files } = workspace;
  const changed: { path: RepoPath; old: ContentId }[] = [];
  const failures = await files.lookAtMany(
    (stateOf) =>
      failuresOfEach(paths, call, async (path) => {
        const status = await stateOf(path);
        const { state, pointer } = status;
        if (pointer === undefined || state === 'clean' || !isToRecord(path, state, named)) return;
        refuseUnknownRest(workspace, path, status);
        changed.push({ path, old: pointer.id });
      }),
    call,
  );
  const recorded: RecordedPath[] = [];
  const record = async (some: typeof changed) => {
    const snapshots = await files.storeAll(
      some.map(({ path }) => path),
      call,
    );
    const pointed = some.flatMap(({ path, old }, index) => {
      const snapshot = snapshots[index];
      return snapshot === undefined ? [] : [{ path, old, snapshot }];
    });
    await files.writePointers(pointed, call);
    recorded.push(...pointed.map(({ path, old, snapshot }) => ({ path, old, new: snapshot.id })));
  };
  failures.push(...(await failuresOfAll(changed, call, (some) => record([...some]))));
  throwFailures(failures);
  return recorded;
}

/** Files that are not there may never have come: they must not leave the pointer for that. */
function refuseUnknownRest(workspace: Workspace, path: RepoPath, status: PathStatus): void {
  const { state, pointer } = status;
  if (pointer === undefined || !isRestUnknown(status, workspace.files)) return;
  const edited = state !== 'pointer-moved';
  throwProblems([notAllHere(pipelineHost(workspace), { path, pointer, edited, maker: undefined })]);
}

/** Without being named, only what was plainly edited is recorded: not older bytes over a pointer that git moved. */
function isToRecord(path: RepoPath, state: string, named: boolean): boolean {
  if (state === 'missing') {
    if (!named) return false;
    throw userError('no-such-path', `there is nothing at ${path}`, {
      hint: `'ocrpipe checkout ${shellQuote(path)}' puts there what its pointer names.`,
    });
  }
  if (state === 'conflict' && !named) {
    throw userError(
      'changed-on-both-sides',
      `${path} was edited here, and its pointer ${path}.ocr was changed too`,
      {
        hint: `To take the edited bytes: 'ocrpipe commit ${shellQuote(path)}'. To take those of the pointer: 'ocrpipe checkout --force ${shellQuote(path)}'.`,
      },
    );
  }
  return named || state === 'modified';
}
