import type { Dag, DagNode } from './dag.js';
import type { Pipeline } from '../stage/stage.js';

/**
 * The graph with one node (`train@*`) for all stages of a `foreach` or `matrix`. Groups that would be on a circle then, as where a stage of one reads what
 * another of it made by way of a third, stay apart.
 */
export function collapseGroups(dag: Dag, pipeline: Pipeline): Dag {
  const groupOf = (id: string): string | undefined => pipeline.stages.get(id)?.group?.name;
  const apart = new Set<string>();
  for (;;) {
    const collapsed = collapse(dag, (id) => {
      const group = groupOf(id);
      return group === undefined || apart.has(group) ? undefined : group;
    });
    const circle = onCircles(collapsed).flatMap((node) => (node.stages ? [groupOf(node.stages[0]!)!] : []));
    if (circle.length === 0) return collapsed;
    for (const group of circle) apart.add(group);
  }
}

function collapse(dag: Dag, groupOf: (id: string) => string | undefined): Dag {
  const members = new Map<string, string[]>();
  for (const { id, kind } of dag.nodes) {
    const group = kind === 'stage' ? groupOf(id) : undefined;
    if (group !== undefined) members.set(group, [...(members.get(group) ?? []), id]);
  }
  const nameOf = (id: string): string => {
    const group = groupOf(id);
    return group === undefined || (members.get(group)?.length ?? 0) < 2 ? id : `${group}@*`;
  };
  const nodes = new Map<string, DagNode>();
  for (const node of dag.nodes) {
    const id = nameOf(node.id);
    const stages = id === node.id ? undefined : members.get(groupOf(node.id)!)!;
    if (!nodes.has(id)) nodes.set(id, stages ? { id, kind: 'stage', stages } : node);
  }
  const edges = new Map<string, Dag['edges'][number]>();
  for (const edge of dag.edges) {
    const [from, to] = [nameOf(edge.from), nameOf(edge.to)];
    // Stages of one group that read each other's outputs.
    if (from !== to) edges.set(`${from}\0${to}`, { from, to });
  }
  return { nodes: inOrder([...nodes.values()], [...edges.values()]), edges: [...edges.values()] };
}

/** Each behind those that lead to it, ties as they stood; what is on a circle comes last. */
function inOrder(nodes: readonly DagNode[], edges: Dag['edges']): DagNode[] {
  const { sorted, left } = topological(nodes, edges);
  return [...sorted, ...left];
}

/** The nodes on a circle, or behind one. */
function onCircles({ nodes, edges }: Dag): DagNode[] {
  return topological(nodes, edges).left;
}

function topological(nodes: readonly DagNode[], edges: Dag['edges']): { sorted: DagNode[]; left: DagNode[] } {
  const waiting = new Map(nodes.map(({ id }) => [id, 0]));
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) {
    waiting.set(to, (waiting.get(to) ?? 0) + 1);
    const known = next.get(from);
    if (known) known.push(to);
    else next.set(from, [to]);
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const sorted = nodes.filter(({ id }) => waiting.get(id) === 0);
  // An array takes in what is added while it is gone through.
  for (const { id } of sorted) {
    for (const to of next.get(id) ?? []) {
      waiting.set(to, waiting.get(to)! - 1);
      if (waiting.get(to) === 0) sorted.push(byId.get(to)!);
    }
  }
  const done = new Set(sorted);
  return { sorted, left: nodes.filter((node) => !done.has(node)) };
}
