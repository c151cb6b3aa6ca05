import type { AbsPath, RepoPath } from '../../base/paths.js';
import { readTextIfThere } from '../../base/read-text.js';
import { parsePipeline } from './definition.js';
import { PIPELINE_FILE } from './file-names.js';
import { OutputIndex } from './graph.js';

/** The output that is `path`, holds it or lies below it, and its stage: what `add` must refuse. None without a pipeline.yaml. */
export function outputAt(root: AbsPath, path: RepoPath): { path: RepoPath; stage: string } | undefined {
  const text = readTextIfThere(root, PIPELINE_FILE);
  if (text === undefined) return undefined;
  const [found] = new OutputIndex(parsePipeline(text).stages.values()).overlapping(path);
  return found;
}
