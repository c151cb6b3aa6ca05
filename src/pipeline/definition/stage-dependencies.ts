import type { Location } from '../../base/errors.js';
import { suggest } from '../../base/nearest.js';
import type { Problem } from './problems.js';
import { uniqueDependencies, type ReadDependencies } from './read-dependencies.js';
import type { Dependency, Stage, YamlPath } from './stage.js';

/**
 * The stages by name, those with `{stage: NAME}` reading every output of the stage of that name, or of all stages
 * `NAME@…` that were made of one. Problem: `unknown-stage`.
 */
export function withStageDependencies(
  stages: readonly Stage[],
  wanted: ReadonlyMap<string, ReadDependencies['stages']>,
  locate: (at: YamlPath) => Location,
): { stages: ReadonlyMap<string, Stage>; problems: Problem[] } {
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const problems: Problem[] = [];
  const found = (name: string, at: YamlPath): readonly Stage[] => {
    const exact = byName.get(name);
    const meant = exact ? [exact] : stages.filter((stage) => stage.name.startsWith(`${name}@`));
    if (meant.length === 0) problems.push(unknownStage(name, [...byName.keys()], locate(at)));
    return meant;
  };
  const resolved = stages.map((stage): Stage => {
    const refs = wanted.get(stage.name) ?? [];
    if (refs.length === 0) return stage;
    const read = refs.flatMap(({ name, at }) => found(name, at).map((made) => ({ made, at })));
    const outs = read.flatMap(({ made, at }) => made.outs.map(({ path }): Dependency => ({ path, at })));
    return {
      ...stage,
      deps: uniqueDependencies([...stage.deps, ...outs]),
      after: [...new Set(read.map(({ made }) => made.name))],
    };
  });
  return { stages: new Map(resolved.map((stage) => [stage.name, stage])), problems };
}

function unknownStage(name: string, names: readonly string[], location: Location): Problem {
  const message = `there is no stage '${name}' to depend on`;
  return { code: 'unknown-stage', message, hint: suggest(name, names), location };
}
