import { OutputIndex } from '../definition/graph/graph.js';
import { ProblemList } from '../definition/problems/problem-list.js';
import type { Problem } from '../definition/problems/problems.js';
import type { ParamsFiles } from '../definition/stage/params.js';
import type { Pipeline, Stage } from '../definition/stage/stage.js';

/**
 * Parameters that cannot be had, of those in files that people write: other files may still have to be made by a stage. A file that is
 * not there is told as a dependency.
 */
export function paramProblems(
  { pipeline, params }: { readonly pipeline: Pipeline; readonly params: ParamsFiles },
  stages: readonly Stage[],
): Problem[] {
  const outputs = new OutputIndex(pipeline.stages.values());
  const problems = new ProblemList();
  for (const stage of stages) {
    const written = stage.params.filter((use) => outputs.overlapping(use.file).length === 0);
    for (const problem of params.look({ ...stage, params: written }, pipeline).problems) {
      if (problem.code !== 'missing-parameters-file') problems.add(problem);
    }
  }
  return problems.all();
}
