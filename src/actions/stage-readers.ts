import type { Location } from '../base/errors.js';
import { isWithin, type RepoPath } from '../base/paths.js';
import { definitionOf } from '../pipeline/definition/read/read-definition.js';
import type { Workspace } from '../project/workspace.js';

/** A stage that names a path among its dependencies, and where it does. */
export interface StageReader {
  stage: string;
  /** The dependency: the path or something below it. */
  path: RepoPath;
  location: Location;
}

/** Tells the stages that read a path or something below it, in the order of pipeline.yaml, which is read once. */
export function stageReaders({ root }: Workspace): (path: RepoPath) => StageReader[] {
  const pipeline = definitionOf(root);
  if (pipeline === undefined) return () => [];
  const stages = [...pipeline.stages.values()];
  return (path) =>
    stages.flatMap(({ name, deps }) =>
      deps
        .filter((dep) => isWithin(dep.path, path))
        .map((dep) => ({ stage: name, path: dep.path, location: pipeline.locate(dep.at) })),
    );
}
