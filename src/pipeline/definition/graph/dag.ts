import type { RepoPath } from '../../../base/paths.js';
import { OutputIndex, type StageGraph } from './graph.js';
import { dependencyName, touches, writtenDependency } from '../dependencies/dependency-part.js';
import type { Pipeline } from '../stage/stage.js';

/** How a stage stands; of a path, how the stage stands that makes it. */
export type NodeState = 'fresh' | 'stale' | 'frozen' | 'never-run';

export interface DagNode {
  readonly id: string;
  /** A stage, or a path: data that a stage reads, or an output. */
  readonly kind: 'stage' | 'path';
  /** Of a node that stands for the stages of one `foreach` or `matrix`: these. */
  readonly stages?: readonly string[];
  /** Where it was looked at. */
  readonly state?: NodeState;
  /** Of several stages: how many stand how, none that stands for no stage. */
  readonly states?: Readonly<Partial<Record<NodeState, number>>>;
}

/** What leads to what, nodes in topological order. */
export interface Dag {
  readonly nodes: readonly DagNode[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

/** The chosen stages and the tracked data that they read. */
export function stageDag(
  { pipeline, graph }: { pipeline: Pipeline; graph: StageGraph },
  chosen: readonly string[],
  tracked: readonly RepoPath[],
): Dag {
  const shown = new Set(chosen);
  const data = new TrackedData(tracked);
  const edges = chosen.flatMap((name) => [
    ...data.readBy(pipeline, name).map((path) => ({ from: `${path}.ocr`, to: name })),
    ...(graph.upstream.get(name) ?? []).filter((from) => shown.has(from)).map((from) => ({ from, to: name })),
  ]);
  const sources = [...new Set(edges.map((edge) => edge.from).filter((from) => !pipeline.stages.has(from)))];
  return {
    nodes: [
      ...sources.sort().map((id): DagNode => ({ id, kind: 'path' })),
      ...chosen.map((id): DagNode => ({ id, kind: 'stage' })),
    ],
    edges,
  };
}

/** The outputs of the chosen stages and what each is made from. */
export function outputDag(pipeline: Pipeline, chosen: readonly string[]): Dag {
  const outputs = new OutputIndex(pipeline.stages.values());
  const edges = chosen.flatMap((name) => {
    const stage = pipeline.stages.get(name)!;
    const read = stage.deps.flatMap((dep): string[] => {
      const made = outputs
        .overlapping(dep.path)
        .filter((out) => touches(dep, out.path) && out.stage !== name);
      return made.length > 0 ? made.map((out) => out.path) : [dependencyName(writtenDependency(dep))];
    });
    return [...new Set(read)].flatMap((from) => stage.outs.map((out) => ({ from, to: out.path })));
  });
  const made = chosen.flatMap((name) => pipeline.stages.get(name)!.outs.map((out) => out.path));
  const sources = [...new Set(edges.map((edge) => edge.from))]
    .filter((path) => !made.some((out) => out === path))
    .sort();
  return { nodes: [...sources, ...made].map((id): DagNode => ({ id, kind: 'path' })), edges };
}

/** The same with the state of each stage; `makerOf` gives the stage whose output a path is. */
export function withStates(
  dag: Dag,
  states: ReadonlyMap<string, NodeState>,
  makerOf: (path: string) => string | undefined,
): Dag {
  const nodes = dag.nodes.map((node): DagNode => {
    if (node.stages) return { ...node, states: countStates(node.stages, states) };
    const state = states.get(node.kind === 'stage' ? node.id : (makerOf(node.id) ?? ''));
    return state === undefined ? node : { ...node, state };
  });
  return { ...dag, nodes };
}

function countStates(
  stages: readonly string[],
  states: ReadonlyMap<string, NodeState>,
): Partial<Record<NodeState, number>> {
  const counts: Partial<Record<NodeState, number>> = {};
  for (const stage of stages) {
    const state = states.get(stage);
    if (state !== undefined) counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

class TrackedData {
  private readonly paths: readonly RepoPath[];

  constructor(paths: readonly RepoPath[]) {
    this.paths = paths;
  }

  readBy(pipeline: Pipeline, name: string): RepoPath[] {
    const { deps } = pipeline.stages.get(name)!;
    return this.paths.filter((path) => deps.some((dep) => touches(dep, path)));
  }
}
