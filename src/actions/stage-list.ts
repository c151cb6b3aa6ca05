import type { Call } from '../base/call.js';
import type { Location } from '../base/errors.js';
import { dependencyName, writtenDependency } from '../pipeline/definition/dependencies/dependency-part.js';
import { definitionOf } from '../pipeline/definition/read/read-definition.js';
import { Workspace } from '../project/workspace.js';

/** A stage as it is declared. */
export interface ListedStage {
  readonly name: string;
  readonly desc?: string;
  readonly run: readonly string[];
  readonly deps: readonly string[];
  readonly outs: readonly string[];
  readonly frozen: boolean;
  readonly always: boolean;
  readonly location: Location;
}

/** The stages in the order of their files; none without a pipeline.yaml. Looks at no data. */
export function stageList(call: Call): ListedStage[] {
  const workspace = Workspace.open(call, 'ocrpipe stage list');
  try {
    const pipeline = definitionOf(workspace.root);
    if (pipeline === undefined) return [];
    return [...pipeline.stages.values()].map(({ name, desc, run, deps, urls, outs, frozen, always }) => ({
      name,
      ...(desc !== undefined && { desc }),
      run,
      deps: [...deps.map((dep) => dependencyName(writtenDependency(dep))), ...urls.map(({ url }) => url)],
      outs: outs.map(({ path }) => path),
      ...{ frozen, always },
      location: pipeline.locate(['stages', name], { key: true }),
    }));
  } finally {
    workspace.close();
  }
}
