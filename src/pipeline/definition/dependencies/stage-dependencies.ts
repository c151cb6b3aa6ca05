import type { Location } from '../../../base/errors.js';
import { suggest } from '../../../base/nearest.js';
import type { Problem } from '../problems/problems.js';
import { uniqueDependencies, type ReadDependencies } from './read-dependencies.js';
import type { StageNames } from '../stage/stage-names.js';
import type { Dependency, Stage, YamlPath } from '../stage/stage.js';

/** What stages ask for by `{stage: NAME}`. */
export interface WantedStages {
  /** By the stage that asks. `folder`: that of its file, whose stages go without the folder's name. */
  readonly wanted: ReadonlyMap<
    string,
    readonly (ReadDependencies['stages'][number] & { readonly folder: string })[]
  >;
  /** All there are, those that have problems of their own included. */
  readonly known: StageNames;
  readonly locate: (at: YamlPath) => Location;
}

/**
 * The stages by name, those with `{stage: NAME}` reading every output of the stage of that name, or of all stages
 * `NAME@…` that were made of one. Problem: `unknown-stage`.
 */
export function withStageDependencies(
  stages: readonly Stage[],
  { wanted, known, locate }: WantedStages,
): { stages: ReadonlyMap<string, Stage>; problems: Problem[] } {
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const problems: Problem[] = [];
  const found = ({ name, at, folder }: { name: string; at: YamlPath; folder: string }): readonly Stage[] => {
    const meant = known.named(name, folder);
    if (meant === undefined) problems.push(unknownStage(name, known.nameable, locate(at)));
    return (meant ?? []).flatMap((each) => byName.get(each) ?? []);
  };
  // Of stages that are left out for other mistakes, this is told as well.
  for (const [name, refs] of wanted) if (!byName.has(name)) refs.forEach(found);
  const resolved = stages.map((stage): Stage => {
    const refs = wanted.get(stage.name) ?? [];
    if (refs.length === 0) return stage;
    const read = refs.flatMap((ref) => found(ref).map((made) => ({ made, at: ref.at })));
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
