import type { RepoPath } from '../../../base/paths.js';
import { readBy, touches } from '../dependencies/dependency-part.js';
import { throwProblems, type Problem } from '../problems/problems.js';
import type { Dependency, Output, Pipeline, Stage } from '../stage/stage.js';

/** Who must run before whom. Names in every list stand in topological order, ties in the order of pipeline.yaml. */
export interface StageGraph {
  readonly order: readonly string[];
  /** The stages whose outputs a stage reads. */
  readonly upstream: ReadonlyMap<string, readonly string[]>;
  /** The stages that read a stage's outputs. */
  readonly downstream: ReadonlyMap<string, readonly string[]>;
}

/** Finds which outputs a path equals, lies in, or holds, in O(log outputs + depth). */
export class OutputIndex {
  private readonly byPath = new Map<RepoPath, string>();
  private readonly sorted: readonly RepoPath[];

  constructor(stages: Iterable<Pick<Stage, 'name'> & { readonly outs: readonly Pick<Output, 'path'>[] }>) {
    for (const stage of stages) for (const out of stage.outs) this.byPath.set(out.path, stage.name);
    this.sorted = [...this.byPath.keys()].sort();
  }

  /** The stage that makes exactly this path. */
  makerOf(path: RepoPath): string | undefined {
    return this.byPath.get(path);
  }

  /** Outputs that are `path`, hold it, or lie below it. */
  overlapping(path: RepoPath): { path: RepoPath; stage: string }[] {
    const found = [...withParents(path), ...this.below(path)].filter((out) => this.byPath.has(out));
    return found.map((out) => ({ path: out, stage: this.byPath.get(out)! }));
  }

  /** Outputs that are `path` or hold it. */
  holding(path: RepoPath): { path: RepoPath; stage: string }[] {
    return withParents(path).flatMap((out) => {
      const stage = this.byPath.get(out);
      return stage === undefined ? [] : [{ path: out, stage }];
    });
  }

  private below(path: RepoPath): readonly RepoPath[] {
    if (path === '.') return this.sorted;
    const prefix = `${path}/`;
    const first = lowerBound(this.sorted, prefix);
    let last = first;
    while (this.sorted[last]?.startsWith(prefix)) last += 1;
    return this.sorted.slice(first, last);
  }
}

/** `path` and every folder above it, nearest first, without the root. */
export function withParents(path: RepoPath): RepoPath[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/') as RepoPath);
}

function lowerBound(sorted: readonly string[], wanted: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The graph of a pipeline. If there is no order to run it in, throws what `cycleProblems` finds, and what `besides` finds then, as one
 * error.
 */
export function buildGraph(pipeline: Pipeline, besides: () => readonly Problem[] = () => []): StageGraph {
  const upstream = makers(pipeline);
  const order = topologicalOrder(upstream);
  if (order.length < upstream.size) throwProblems([...cyclesIn(pipeline, upstream), ...besides()]);
  const rank = new Map(order.map((name, index) => [name, index]));
  const byRank = (a: string, b: string): number => rank.get(a)! - rank.get(b)!;
  const downstream = reversed(upstream);
  for (const list of [...upstream.values(), ...downstream.values()]) list.sort(byRank);
  return { order, upstream, downstream };
}

/** A problem (`cycle`) for each circle of stages that wait for each other; of circles that share a stage one is told. */
export function cycleProblems(pipeline: Pipeline): Problem[] {
  return cyclesIn(pipeline, makers(pipeline));
}

/** The stages before each stage. */
function makers(pipeline: Pipeline): Map<string, string[]> {
  const stages = [...pipeline.stages.values()];
  const outputs = new OutputIndex(stages);
  return new Map(stages.map((stage) => [stage.name, makersOf(stage, outputs)]));
}

function makersOf(stage: Stage, outputs: OutputIndex): string[] {
  const read = readBy(stage).flatMap((dep) =>
    outputs
      .overlapping(dep.path)
      .filter((out) => touches(dep, out.path) && !(isOfMany(dep) && out.stage === stage.name)),
  );
  // The folder that it runs in may be made by another stage.
  const folders = outputs.holding(stage.wdir);
  return [...new Set([...[...read, ...folders].map((out) => out.stage), ...stage.after])];
}

/** Of what is found by looking, a stage's own outputs are no part. */
function isOfMany({ part }: Pick<Dependency, 'part'>): boolean {
  return part?.kind === 'glob' || part?.kind === 'git';
}

function reversed(edges: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const back = new Map([...edges.keys()].map((name): [string, string[]] => [name, []]));
  for (const [name, sources] of edges) for (const source of sources) back.get(source)!.push(name);
  return back;
}

/** Kahn (1962). Stages on or behind a cycle are left out. */
function topologicalOrder(upstream: ReadonlyMap<string, readonly string[]>): string[] {
  const open = new Map([...upstream].map(([name, sources]) => [name, sources.length]));
  const downstream = reversed(upstream);
  const order = [...open].filter(([, count]) => count === 0).map(([name]) => name);
  for (const name of order) {
    for (const next of downstream.get(name)!) {
      const left = open.get(next)! - 1;
      open.set(next, left);
      if (left === 0) order.push(next);
    }
  }
  return order;
}

/** Every stage that was not ordered waits for another such stage: following any of them must come back. */
function findCycle(
  upstream: ReadonlyMap<string, readonly string[]>,
  ordered: ReadonlySet<string>,
): readonly [string, ...string[]] {
  const path: string[] = [];
  let name = [...upstream.keys()].find((stage) => !ordered.has(stage))!;
  while (!path.includes(name)) {
    path.push(name);
    name = upstream.get(name)!.find((source) => !ordered.has(source))!;
  }
  return [name, ...path.slice(path.indexOf(name) + 1).reverse(), name];
}

/** More circles than anybody reads about are not looked for. */
const MOST_CYCLES = 20;

function cyclesIn(pipeline: Pipeline, all: ReadonlyMap<string, readonly string[]>): Problem[] {
  const upstream = new Map(all);
  const problems: Problem[] = [];
  while (problems.length < MOST_CYCLES) {
    const ordered = new Set(topologicalOrder(upstream));
    if (ordered.size === upstream.size) break;
    const cycle = findCycle(upstream, ordered);
    problems.push(cycleProblem(pipeline, cycle));
    // As if nothing waited for these: what was only behind them has an order then.
    for (const name of cycle) upstream.set(name, []);
  }
  return problems;
}

function cycleProblem(pipeline: Pipeline, cycle: readonly [string, ...string[]]): Problem {
  return {
    code: 'cycle',
    message: `stages wait for each other: ${cycle.join(' -> ')}`,
    hint: 'Each arrow goes from a stage to one that reads its output; take one of these dependencies out.',
    location: pipeline.locate(['stages', cycle[0]], { key: true }),
  };
}

/** `names` and everything that they need, or that needs them, in topological order. */
export function closure(
  graph: StageGraph,
  names: Iterable<string>,
  direction: 'upstream' | 'downstream' | 'both',
): string[] {
  const found = new Set<string>(names);
  for (const name of found) {
    if (direction !== 'downstream') for (const next of graph.upstream.get(name) ?? []) found.add(next);
    if (direction !== 'upstream') for (const next of graph.downstream.get(name) ?? []) found.add(next);
  }
  return graph.order.filter((name) => found.has(name));
}
