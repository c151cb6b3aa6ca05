import type { AbsPath, RepoPath } from '../../base/paths.js';
import { readTextIfThere } from '../../base/read-text.js';
import { parsePipeline } from './definition.js';
import { PIPELINE_FILE } from './file-names.js';
import { OutputIndex } from './graph.js';

/** The outputs of all stages; none without a pipeline.yaml. */
export function outputsIn(root: AbsPath): OutputIndex {
  const text = readTextIfThere(root, PIPELINE_FILE);
  return new OutputIndex(text === undefined ? [] : parsePipeline(text).stages.values());
}

/** The output that is `path`, holds it or lies below it, and its stage: what `add` must refuse. */
export function outputAt(root: AbsPath, path: RepoPath): { path: RepoPath; stage: string } | undefined {
  return outputsIn(root).overlapping(path)[0];
}
