import type { RepoPath } from '../base/paths.js';
import { touches } from '../pipeline/definition/dependency-part.js';
import { parsePipeline } from '../pipeline/definition/definition.js';
import { LOCK_FILE, PIPELINE_FILE } from '../pipeline/definition/file-names.js';
import type { Stage } from '../pipeline/definition/stage.js';
import { readIfThere } from '../pipeline/staleness/load.js';
import type { Workspace } from '../project/workspace.js';
import { pointerFiles } from './to-commit.js';

/** The stages of pipeline.yaml; none if there is no such file. */
export function stagesOf({ root }: Workspace): Stage[] {
  const text = readIfThere(root, PIPELINE_FILE);
  return text === undefined ? [] : [...parsePipeline(text).stages.values()];
}

/** The files in which stages and their results stand in git: definition, parameters, lock, pointers, small outputs. */
export function stageFiles(workspace: Workspace, names: readonly string[]): RepoPath[] {
  if (names.length === 0) return [];
  const stages = stagesOf(workspace).filter(({ name }) => names.includes(name));
  const outs = stages.flatMap((stage) => stage.outs);
  const deps = stages.flatMap((stage) => stage.deps);
  const read = workspace.files.trackedPaths().filter((path) => deps.some((dep) => touches(dep, path)));
  return [
    LOCK_FILE,
    PIPELINE_FILE,
    ...stages.flatMap(({ params }) => params.map(({ file }) => file)),
    ...outs.flatMap(({ path, cache }) => (cache ? pointerFiles(path) : [path])),
    ...read.flatMap(pointerFiles),
  ];
}
