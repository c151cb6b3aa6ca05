import type { StageGraph } from '../definition/graph/graph.js';

/**
 * The stages, those first from which the longest way leads to an end of the graph (the critical path, Graham 1966; Kelley and
 * Walker 1959), ties in the order of the graph. `seconds` is what each is expected to take. O(stages + edges).
 */
export function byCriticalPath(
  { order, downstream }: StageGraph,
  chosen: ReadonlySet<string>,
  seconds: (stage: string) => number,
): string[] {
  const rest = new Map<string, number>();
  for (const name of order.toReversed()) {
    if (!chosen.has(name)) continue;
    const after = (downstream.get(name) ?? []).map((next) => rest.get(next) ?? 0);
    rest.set(name, seconds(name) + after.reduce((most, each) => Math.max(most, each), 0));
  }
  return order.filter((name) => chosen.has(name)).sort((a, b) => rest.get(b)! - rest.get(a)!);
}
