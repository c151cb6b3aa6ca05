import { suggest } from '../../../base/nearest.js';
import { issueText } from '../../../base/yaml-schema.js';
import { stageExecutorSchema, type ExecutorSettings } from '../../../config/settings.js';
import type { Problem } from '../problems/problems.js';
import type { Pipeline, Stage } from './stage.js';

/** The places where stages run that the configuration names. */
type Executors = Readonly<Record<string, ExecutorSettings>>;

/** This machine. */
export const LOCAL = 'local';

/** True for a stage whose commands are started by this process, beside it. */
export function isLocal({ executor }: Stage): boolean {
  return executor === undefined || executor.name === LOCAL;
}

/** Stages that name an executor that is not there, or settings that it does not have. */
export function executorProblems(
  host: { readonly executors: Executors },
  pipeline: Pick<Pipeline, 'locate'>,
  stages: readonly Stage[],
): Problem[] {
  return stages.flatMap(({ name: stage, executor }): Problem[] => {
    if (executor === undefined) return [];
    const { name, settings, at } = executor;
    const { executors } = host;
    const location = pipeline.locate(at);
    if (name !== LOCAL && executorSettings(executors, name) === undefined) {
      const message = `stage '${stage}' is to run on '${name}', and there is no such executor`;
      return [{ code: 'unknown-executor', message, hint: unknownExecutor(executors, name), location }];
    }
    const issue = stageExecutorSchema.safeParse(settings).error?.issues[0];
    if (issue === undefined) return [];
    const message = `stage '${stage}', executor '${name}': ${[...issue.path, issueText(issue)].join(' ')}`;
    return [{ code: 'invalid-value', message, hint: 'See docs/executors.md.', location }];
  });
}

/** The settings of an executor; undefined if there is none of that name. */
export function executorSettings(executors: Executors, name: string): ExecutorSettings | undefined {
  if (Object.hasOwn(executors, name)) return executors[name];
  // A cluster with nothing to say about it.
  return name === 'slurm' ? { type: 'slurm' } : undefined;
}

/** What to do about the name of an executor that is not there. */
export function unknownExecutor(executors: Executors, name: string): string {
  const known = [LOCAL, 'slurm', ...Object.keys(executors)];
  return `${suggest(name, known)} Others are declared under 'executors' in .ocrstore/config.yaml.`;
}
