import type { AbsPath, RepoPath } from '../../../base/paths.js';
import { OutputIndex } from '../graph/graph.js';
import { definitionOf } from './read-definition.js';

/** The outputs of all stages; none without a pipeline.yaml. */
export function outputsIn(root: AbsPath): OutputIndex {
  return new OutputIndex(definitionOf(root)?.stages.values() ?? []);
}

/** The output that is `path`, holds it or lies below it, and its stage: what `add` must refuse. */
export function outputAt(root: AbsPath, path: RepoPath): { path: RepoPath; stage: string } | undefined {
  return outputsIn(root).overlapping(path)[0];
}
