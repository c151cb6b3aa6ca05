import { existsSync } from 'node:fs';
import { fromRepoPath } from '../../base/paths.js';
import {
  dependencyName,
  touches,
  writtenDependency,
  type WrittenDependency,
} from '../definition/dependencies/dependency-part.js';
import { unescapeGlob } from '../definition/dependencies/globs.js';
import { OutputIndex } from '../definition/graph/graph.js';
import type { Problem } from '../definition/problems/problems.js';
import type { Dependency, Stage } from '../definition/stage/stage.js';
import type { LoadedPipeline } from './load.js';

/**
 * Parts of dependencies that hold nothing, where neither a stage nor tracked data will put anything there. Problem:
 * `empty-dependency`.
 */
export async function emptyDependencies(
  loaded: LoadedPipeline,
  stages: readonly Stage[],
): Promise<Problem[]> {
  const { host, pipeline, observer, pointers } = loaded;
  const asked = stages.filter(({ frozen, deps }) => !frozen && deps.some(({ part }) => part));
  if (asked.length === 0) return [];
  const outputs = new OutputIndex(pipeline.stages.values());
  const comes = (stage: Stage, dep: Dependency): boolean =>
    pointers.some((path) => touches(dep, path)) ||
    outputs.overlapping(dep.path).some((out) => out.stage !== stage.name && touches(dep, out.path));
  const problems = asked.flatMap((stage) =>
    stage.deps.map(async (dep): Promise<Problem[]> => {
      if (!dep.part || comes(stage, dep) || (await observer.holds(stage, dep))) return [];
      const written = writtenDependency(dep);
      const literal =
        dep.part.kind === 'glob' &&
        existsSync(fromRepoPath(host.root, unescapeGlob(dep.part.pattern) as typeof dep.path));
      return [{ ...emptyDependency(written, stage.name, { literal }), location: pipeline.locate(dep.at) }];
    }),
  );
  return (await Promise.all(problems)).flat();
}

/** There is nothing of what a stage needs. `literal`: a file is called as the pattern is written. */
export function emptyDependency(
  dep: WrittenDependency,
  stage: string,
  { literal = false }: { literal?: boolean } = {},
): Problem {
  const { path, lines, git } = dep;
  const name = dependencyName(dep);
  if (lines !== undefined) {
    return {
      code: 'empty-dependency',
      message: `'${path}' has none of the lines ${lines}, which stage '${stage}' needs`,
      hint: 'Correct the path or the lines.',
    };
  }
  return {
    code: 'empty-dependency',
    message:
      git === true
        ? `git holds no file at '${path}', which stage '${stage}' needs`
        : `no file matches '${name}', which stage '${stage}' needs`,
    hint: literal
      ? `There is a file of this very name: write {path: ${JSON.stringify(path)}}.`
      : git === true
        ? `'git status --ignored' tells what git leaves out.`
        : `Correct the pattern. '*' passes over no '/', '**' does; names that begin with a dot are named only so, and what .ocrignore leaves out is not there.`,
  };
}
