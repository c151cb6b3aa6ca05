import type { RepoPath } from '../../../base/paths.js';
import { isWithin } from '../../../base/paths.js';
import { gitignoreEntry, gitignoreOf } from '../../../tracking/ignore/gitignore.js';
import { PathIndex } from '../../../tracking/path-index.js';
import { OutputIndex, withParents } from './graph.js';
import { touches } from '../dependencies/dependency-part.js';
import { dependencyProblem, outputProblem } from '../stage/own-paths.js';
import type { Problem } from '../problems/problems.js';
import type { Dependency, Output, Pipeline, Stage } from '../stage/stage.js';

interface MadeOutput {
  stage: string;
  out: Output;
}

/**
 * Paths that no stage may make or read, and a stage that would run in a folder which is removed before it runs. Pure. Codes:
 * `output-not-allowed`, `dependency-not-allowed`, `wdir-in-output`.
 */
export function placeProblems(pipeline: Pipeline): Problem[] {
  return [...pipeline.stages.values()].flatMap((stage) => [
    ...stage.outs.flatMap((out) => notAllowed(pipeline, 'output', out)),
    ...stage.deps.flatMap((dep) => notAllowed(pipeline, 'dependency', dep)),
    ...stage.outs
      .filter((out) => isWithin(stage.wdir, out.path))
      .map((out) => ownFolder(pipeline, stage, out)),
  ]);
}

function notAllowed(pipeline: Pipeline, as: 'output' | 'dependency', place: Dependency): Problem[] {
  // Patterns and git name no file of ocrpipe's own.
  if (place.path === '.' && (place.part?.kind === 'glob' || place.part?.kind === 'git')) return [];
  const reason = as === 'output' ? ownOutput(pipeline, place.path) : dependencyProblem(place.path);
  if (reason === undefined) return [];
  return [
    {
      code: as === 'output' ? 'output-not-allowed' : 'dependency-not-allowed',
      message: `'${place.path}' cannot be ${as === 'output' ? 'an output' : 'a dependency'}: ${reason}`,
      hint:
        as === 'output'
          ? 'Let the stage write a file or folder of its own.'
          : 'Name the files and folders that the stage reads.',
      location: pipeline.locate(place.at),
    },
  ];
}

/** Why no stage may make a path: runs would remove what they are read from. */
function ownOutput(pipeline: Pipeline, path: RepoPath): string | undefined {
  const own = outputProblem(path);
  const read = own === undefined ? pipeline.files.find((file) => isWithin(file, path)) : undefined;
  if (read === undefined) return own;
  return read === path ? 'it steers ocrpipe' : `it holds ${read}, which steers ocrpipe`;
}

function ownFolder(pipeline: Pipeline, stage: Stage, out: Output): Problem {
  return {
    code: 'wdir-in-output',
    message: `stage '${stage.name}' would run in '${stage.wdir}', which lies in its output '${out.path}': outputs are removed before a run`,
    hint: 'Let it run in another folder, or write into a folder below it.',
    location: pipeline.locate(['stages', stage.name, 'wdir']),
  };
}

/**
 * Two stages that make one path, or an output inside another's. Pure. Codes: `output-twice`, `output-inside-output`.
 */
export function outputProblems(pipeline: Pipeline): Problem[] {
  const first = new Map<RepoPath, MadeOutput>();
  const problems: Problem[] = [];
  const made = [...pipeline.stages.values()].flatMap((stage) =>
    stage.outs.map((out): MadeOutput => ({ stage: stage.name, out })),
  );
  for (const entry of made) {
    const other = first.get(entry.out.path);
    if (other) problems.push(twice(pipeline, entry, other));
    else first.set(entry.out.path, entry);
  }
  for (const entry of first.values()) {
    const outer = withParents(entry.out.path)
      .slice(1)
      .map((path) => first.get(path))
      .find((found) => found !== undefined);
    if (outer) problems.push(inside(pipeline, entry, outer));
  }
  return problems;
}

function twice(pipeline: Pipeline, { stage, out }: MadeOutput, other: MadeOutput): Problem {
  const who = stage === other.stage ? `stage '${stage}' twice` : `stages '${other.stage}' and '${stage}'`;
  return {
    code: 'output-twice',
    message: `'${out.path}' is an output of ${who}`,
    hint: 'Let one stage write it.',
    location: pipeline.locate(out.at),
  };
}

function inside(pipeline: Pipeline, { stage, out }: MadeOutput, outer: MadeOutput): Problem {
  return {
    code: 'output-inside-output',
    message: `'${out.path}' of stage '${stage}' lies inside '${outer.out.path}', an output of stage '${outer.stage}'`,
    hint: 'Each output is recorded as a whole: write beside it, not into it.',
    location: pipeline.locate(out.at),
  };
}

/**
 * Outputs that are, hold, or lie in a path with a pointer that no stage wrote. `written` says of an output's own pointer
 * whether a stage wrote it. Pure. Codes: `output-is-tracked`, `output-overlaps-tracked`.
 */
export function trackedOutputProblems(
  pipeline: Pipeline,
  pointers: readonly RepoPath[],
  written: (path: RepoPath) => boolean,
): Problem[] {
  const outputs = new OutputIndex(pipeline.stages.values());
  return pointers.flatMap((pointer) =>
    outputs
      .overlapping(pointer)
      .filter((out) => out.path !== pointer || !written(pointer))
      .map((out) => trackedProblem(pipeline, out, pointer)),
  );
}

function trackedProblem(
  pipeline: Pipeline,
  made: { path: RepoPath; stage: string },
  pointer: RepoPath,
): Problem {
  const stage = pipeline.stages.get(made.stage)!;
  const out = stage.outs.find((each) => each.path === made.path)!;
  const location = pipeline.locate(out.at);
  const tracked = `is tracked by ${pointer}.ocr`;
  const elsewhere = `Write elsewhere, or stop tracking it: delete '${pointer}.ocr' and the line '${gitignoreEntry(pointer)}' of ${gitignoreOf(pointer)}.`;
  if (out.path !== pointer) {
    const relation = isWithin(out.path, pointer) ? 'lies inside' : 'holds';
    return {
      code: 'output-overlaps-tracked',
      message: `'${out.path}', an output of stage '${made.stage}', ${relation} '${pointer}', which ${tracked}`,
      hint: elsewhere,
      location,
    };
  }
  const reads = stage.deps.some((dep) => touches(dep, pointer));
  return {
    code: 'output-is-tracked',
    message: `'${out.path}' ${tracked}, and no stage wrote that: it cannot be an output of stage '${made.stage}'${reads ? ', which reads it' : ''}`,
    hint: reads
      ? elsewhere
      : `Delete '${pointer}.ocr'; the bytes stay. Then 'ocrpipe commit ${made.stage}' takes them for the stage's result, or 'ocrpipe repro ${made.stage}' makes them anew.`,
    location,
  };
}

/**
 * Dependencies of the chosen stages that nothing provides: not there, no output, no pointer at, above or below them.
 * Code: `missing-dependency`.
 */
export function missingDependencyProblems(
  pipeline: Pipeline,
  chosen: readonly string[],
  known: {
    pointers: readonly RepoPath[];
    exists: (path: RepoPath) => boolean;
    /** What to do about a file that is there under a name spelled otherwise. */
    rename: (path: RepoPath) => string | undefined;
  },
): Problem[] {
  const outputs = new OutputIndex(pipeline.stages.values());
  const pointers = new PathIndex(known.pointers);
  const provided = (path: RepoPath): boolean =>
    outputs.overlapping(path).length > 0 ||
    pointers.has(path) ||
    pointers.overlapping(path) !== undefined ||
    known.exists(path);
  const problem = (stage: Stage, path: RepoPath, at: Stage['deps'][number]['at']): Problem => ({
    code: 'missing-dependency',
    message: `'${path}', which stage '${stage.name}' needs, is not there`,
    hint: 'No stage makes it and nothing tracks it: correct the path, or put the file there.',
    location: pipeline.locate(at),
  });
  return chosen
    .map((name) => pipeline.stages.get(name)!)
    .flatMap((stage) => [
      ...stage.deps.filter((dep) => !provided(dep.path)).map((dep) => problem(stage, dep.path, dep.at)),
      ...stage.params
        .filter((use) => !provided(use.file))
        .map((use) => {
          const hint = known.rename(use.file);
          return { ...problem(stage, use.file, use.at), ...(hint !== undefined && { hint }) };
        }),
    ]);
}
