import { executorProblems, isLocal } from '../definition/stage/executors.js';
import type { Problem } from '../definition/problems/problems.js';
import type { Pipeline, Stage } from '../definition/stage/stage.js';
import type { PipelineHost } from '../host.js';
import { poolProblems } from './pool-problems.js';

/** What stages ask of the machine and the settings and is not to be had: amounts of pools, places to run in. */
export function hostProblems(
  host: Pick<PipelineHost, 'pools' | 'executors'>,
  pipeline: Pick<Pipeline, 'locate'>,
  stages: readonly Stage[],
): Problem[] {
  return [
    ...poolProblems({ host, pipeline }, stages.filter(isLocal)),
    ...executorProblems(host, pipeline, stages),
  ];
}
