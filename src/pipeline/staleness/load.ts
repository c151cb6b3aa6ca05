import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { userError } from '../../base/errors.js';
import { misnamed } from '../../base/misnamed.js';
import { suggest } from '../../base/nearest.js';
import { fromRepoPath, isWithin, type AbsPath, type RepoPath } from '../../base/paths.js';
import { typedPath } from '../../base/typed-path.js';
import { readUtf8IfThere } from '../../base/read-text.js';
import { PIPELINE_FILE } from '../definition/stage/file-names.js';
import { pipelineFiles } from '../definition/read/pipeline-files.js';
import { readDefinition } from '../definition/read/read-definition.js';
import { StageNames } from '../definition/stage/stage-names.js';
import { buildGraph, closure, cycleProblems, type StageGraph } from '../definition/graph/graph.js';
import type { PipelineHost } from '../host.js';
import { hostProblems } from './host-problems.js';
import { CommitMarks } from '../records/commit-marks.js';
import type { LockFile } from '../records/lock-file.js';
import { LockStore } from '../records/lock-store.js';
import { Observer } from './observe.js';
import { ParamsFiles } from '../definition/stage/params.js';
import { problemsError, throwProblems, type Problem } from '../definition/problems/problems.js';
import { paramProblems } from './param-problems.js';
import { parseRunRecord } from '../records/run-record.js';
import { RunningMarks } from '../records/running-mark.js';
import type { Pipeline } from '../definition/stage/stage.js';
import {
  missingDependencyProblems,
  outputProblems,
  placeProblems,
  trackedOutputProblems,
} from '../definition/graph/validate.js';

/** A pipeline that was read and found right, with what is needed to look at its stages. */
export interface LoadedPipeline {
  readonly host: PipelineHost;
  readonly pipeline: Pipeline;
  readonly graph: StageGraph;
  readonly locks: LockStore;
  /** As it was read; `locks` has what was recorded since. */
  readonly lock: LockFile;
  readonly observer: Observer;
  readonly marks: RunningMarks;
  readonly params: ParamsFiles;
  /** The paths that had a pointer when it was read. */
  readonly pointers: readonly RepoPath[];
  /** What is not here counts as what its pointer names. */
  readonly allowMissing: boolean;
}

/** True if the workspace has a pipeline. */
export function hasPipeline(root: AbsPath): boolean {
  const { files, problems } = pipelineFiles(root);
  return files.length + problems.length > 0;
}

/**
 * Reads pipeline.yaml and pipeline.lock and checks them against the workspace; changes nothing. Throws (exit code 2)
 * `no-pipeline`, what the parsers throw, and every problem of the definition at once: of files, outputs, circles and amounts.
 */
export function loadPipeline(
  host: PipelineHost,
  { allowMissing = false }: { allowMissing?: boolean } = {},
): LoadedPipeline {
  const read = readDefinition(host.root);
  if (read === undefined) throw problemsError([noPipeline(host.root)]);
  const { pipeline } = read;
  const pointers = host.files.trackedPaths();
  const params = new ParamsFiles((path) => readIfThere(host.root, path));
  const besides = (): Problem[] => {
    const stages = [...pipeline.stages.values()];
    // What stages of the definition make that could not be read is not known.
    const isAll = read.problems.length === 0;
    const names = isAll ? stages.map(({ name }) => name) : [];
    return [
      ...dependencyProblems({ host, pipeline, pointers }, names),
      ...hostProblems(host, pipeline, stages),
      ...paramProblems({ pipeline, params }, isAll ? stages : []),
    ];
  };
  const outputs = outputProblems(pipeline);
  const problems = [...read.problems, ...placeProblems(pipeline), ...outputs];
  if (problems.length > 0) {
    const cycles = outputs.length > 0 ? [] : cycleProblems(pipeline);
    throwProblems([...problems, ...cycles, ...besides()]);
  }
  const locks = new LockStore(host);
  const lock = locks.read();
  const marks = new RunningMarks(host);
  throwProblems(trackedOutputProblems(pipeline, pointers, writtenByStage({ host, pipeline, lock, marks })));
  // After these: an output in tracked data that other stages read would be taken for a circle of stages.
  const graph = buildGraph(pipeline, besides);
  const observer = new Observer({ host, pipeline, params, marks, allowMissing });
  return { host, pipeline, graph, locks, lock, observer, marks, params, pointers, allowMissing };
}

/** A pipeline that stands in a file of another name; undefined if there is one, or none at all. */
export function misnamedPipeline(root: AbsPath): Problem | undefined {
  const other = hasPipeline(root) ? undefined : misnamed(root, PIPELINE_FILE);
  return other && { code: 'no-pipeline', message: other.message, hint: other.hint };
}

function noPipeline(root: AbsPath): Problem {
  return (
    misnamedPipeline(root) ?? {
      code: 'no-pipeline',
      message: `there is no ${PIPELINE_FILE} in ${root}`,
      hint: `Write the stages into it, for example: stages: {count: {run: wc -l data/*.txt > lines.txt, deps: [data], outs: [lines.txt]}}`,
    }
  );
}

/** A problem (`missing-dependency`) for every dependency of these stages that nothing provides. */
export function dependencyProblems(
  loaded: Pick<LoadedPipeline, 'host' | 'pipeline' | 'pointers'>,
  names: readonly string[],
): Problem[] {
  const { host, pipeline, pointers } = loaded;
  const exists = (path: RepoPath): boolean => existsSync(fromRepoPath(host.root, path));
  const rename = (path: RepoPath): string | undefined => {
    const other = misnamed(host.root, path);
    return other && `There is a ${other.path}. ${other.hint}`;
  };
  return missingDependencyProblems(pipeline, names, { pointers, exists, rename });
}

/**
 * Says of the pointer at an output's path whether a stage wrote it: the lock names it, the stage's last run did not get as
 * far as the lock, or a run record has this very result.
 */
function writtenByStage(
  known: Pick<LoadedPipeline, 'host' | 'pipeline' | 'lock' | 'marks'>,
): (path: RepoPath) => boolean {
  const commits = new CommitMarks(known.host);
  const locked = new Set([...known.lock.values()].flatMap((entry) => entry.outs.map((out) => out.path)));
  const marked = new Set(
    [...known.pipeline.stages.values()]
      .filter((stage) => stage.outs.some((out) => !locked.has(out.path)))
      .flatMap(({ name }) => [...known.marks.paths(name), ...commits.paths(name)]),
  );
  return (path) => locked.has(path) || marked.has(path) || hasRecord(known.host, path);
}

/** Reads every run record: only where neither lock nor mark knows the output, which is rare. */
function hasRecord(host: PipelineHost, path: RepoPath): boolean {
  const pointer = host.files.pointer(path);
  for (const value of host.records.all()) {
    const outs = parseRunRecord(value)?.outs ?? [];
    if (outs.some((out) => out.path === path && out.id === pointer?.id)) return true;
  }
  return false;
}

/** The text of a file of the workspace that people write, or undefined if there is none. */
export function readIfThere(root: AbsPath, path: RepoPath): string | undefined {
  return readUtf8IfThere(root, path);
}

/** Which stages a command is about. */
export interface Selection {
  /** Stage names, or paths of outputs (relative to `cwd`). Empty: all. */
  readonly targets: readonly string[];
  /** `upstream`: what the targets need. `downstream`: what needs them. `pipeline`: all that hangs together with them. */
  readonly reach: 'upstream' | 'downstream' | 'pipeline';
  readonly cwd: AbsPath;
}

/** The names of the stages that are meant, in the order of the graph. Throws `unknown-stage`, with the nearest name. */
export function selectStages(loaded: LoadedPipeline, selection: Selection): string[] {
  const { graph } = loaded;
  if (selection.targets.length === 0) return [...graph.order];
  const names = selection.targets.flatMap((target) => targetStages(loaded, target, selection.cwd));
  return closure(graph, names, selection.reach === 'pipeline' ? 'both' : selection.reach);
}

/**
 * The stages that a typed name means (a stage, all instances of one, or a pattern such as `train@vgg-*`), or those whose outputs are, hold or lie below this path.
 */
export function targetStages(loaded: LoadedPipeline, target: string, cwd: AbsPath): string[] {
  const { pipeline, host } = loaded;
  const names = new StageNames([...pipeline.stages.keys()]);
  const named = names.named(target, relative(host.root, cwd).replaceAll('\\', '/') || '.');
  if (named) return [...named];
  const path = pathOrNothing(host.root, target, cwd);
  const makers = [...pipeline.stages.values()].filter((stage) =>
    stage.outs.some((out) => path !== undefined && (isWithin(out.path, path) || isWithin(path, out.path))),
  );
  if (makers.length > 0) return makers.map((stage) => stage.name);
  const outs = [...pipeline.stages.values()].flatMap((stage) => stage.outs.map((out) => out.path));
  throw userError('unknown-stage', `there is no stage and no output '${target}'`, {
    hint: suggest(target, [...names.nameable, ...(target.includes('/') ? outs : [])]),
  });
}

function pathOrNothing(root: AbsPath, target: string, cwd: AbsPath): RepoPath | undefined {
  try {
    return typedPath(root, target, cwd);
  } catch {
    return undefined;
  }
}
