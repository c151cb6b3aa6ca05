import type { ContentId } from '../../base/content-id.js';
import { writtenDependency } from '../definition/dependencies/dependency-part.js';
import { ParamsFiles, type ParamValue } from '../definition/stage/params.js';
import type { RepoPath } from '../../base/paths.js';
import type { Pipeline, Stage } from '../definition/stage/stage.js';
import type { LockEntry } from '../records/lock-file.js';
import type { ExplainedReason } from './explain.js';
import type { Reason } from './reason.js';
import { inputReasons, type StageNow } from './staleness.js';
import { wordChanges } from './word-changes.js';

/** A stage as a commit has it in pipeline.yaml, with the values that its parameters have there. */
export interface WrittenStage {
  readonly stage: Stage;
  readonly params: readonly ParamValue[];
}

/** Every dependency counts as if it held this: what is written is compared, not bytes. */
const SAME = { id: '0'.repeat(64) as ContentId, kind: 'file', size: 0 } as const;

/** The stages of a pipeline with their values; those that cannot be had are left out. `text`: the files of the commit. */
export function writtenStages(
  pipeline: Pipeline,
  text: (path: RepoPath) => string | undefined,
): Map<string, WrittenStage> {
  const files = new ParamsFiles(text);
  return new Map(
    [...pipeline.stages].map(([name, stage]) => [
      name,
      { stage, params: files.look(stage, pipeline).values },
    ]),
  );
}

/**
 * What pipeline.yaml and the files of parameters say of a stage in one commit and otherwise in another: words of its commands, its
 * folder, what it depends on, variables, values and outputs. Pure.
 */
export function writtenReasons(from: WrittenStage, to: WrittenStage): ExplainedReason[] {
  return inputReasons(stageOf(to), entryOf(from)).map((reason) => {
    if (reason.kind === 'command-changed') return { ...reason, words: wordChanges(reason.old, reason.new) };
    return reason.kind === 'param-changed' || reason.kind === 'env-changed' || reason.kind === 'wdir-changed'
      ? reason
      : named(reason);
  });
}

/** Without what it held, which nobody looked at. */
function named({ kind, subject }: Reason): Reason {
  return { kind, subject };
}

function variablesOf({ env }: Stage): { name: string; value: string | null }[] {
  return env.map(({ name, value = null }) => ({ name, value }));
}

function stageOf({ stage, params }: WrittenStage): StageNow {
  return {
    ...{ name: stage.name, run: stage.run, wdir: stage.wdir, env: variablesOf(stage), params },
    deps: stage.deps.map((dep) => ({ ...writtenDependency(dep), state: 'known', snapshot: SAME })),
    urls: stage.urls.map(({ url }) => ({ url, version: '' })),
    outs: stage.outs.map((output) => ({ output, stored: () => false })),
    interrupted: false,
  };
}

function entryOf({ stage, params }: WrittenStage): LockEntry {
  return {
    ...{ run: stage.run, wdir: stage.wdir, env: variablesOf(stage), params },
    deps: stage.deps.map((dep) => ({ ...writtenDependency(dep), ...SAME })),
    urls: stage.urls.map(({ url }) => ({ url, version: '' })),
    outs: stage.outs.map(({ path, persist }) => ({ path, persist, ...SAME })),
  };
}
