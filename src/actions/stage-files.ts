import type { RepoPath } from '../base/paths.js';
import { touches } from '../pipeline/definition/dependencies/dependency-part.js';
import { LOCK_FILE } from '../pipeline/definition/stage/file-names.js';
import { definitionOf } from '../pipeline/definition/read/read-definition.js';
import type { Stage } from '../pipeline/definition/stage/stage.js';
import type { Workspace } from '../project/workspace.js';
import { pointerFiles } from './to-commit.js';

/** The stages of pipeline.yaml; none if there is no such file. */
export function stagesOf({ root }: Workspace): Stage[] {
  return [...(definitionOf(root)?.stages.values() ?? [])];
}

/** The files in which stages and their results stand in git: definition, parameters, lock, pointers, small outputs. */
export function stageFiles(workspace: Workspace, names: readonly string[]): RepoPath[] {
  if (names.length === 0) return [];
  const pipeline = definitionOf(workspace.root);
  const stages = names.flatMap((name) => pipeline?.stages.get(name) ?? []);
  const outs = stages.flatMap((stage) => stage.outs);
  const deps = stages.flatMap((stage) => stage.deps);
  const read = workspace.files.trackedPaths().filter((path) => deps.some((dep) => touches(dep, path)));
  return [
    LOCK_FILE,
    ...(pipeline?.files ?? []),
    ...stages.flatMap(({ params }) => params.map(({ file }) => file)),
    ...outs.flatMap(({ path, cache }) => (cache ? pointerFiles(path) : [path])),
    ...read.flatMap(pointerFiles),
  ];
}
