import type { Dag, DagNode, NodeState } from './dag.js';

const WORDS: Readonly<Record<NodeState, string>> = {
  fresh: '',
  frozen: 'frozen',
  stale: 'stale',
  'never-run': 'never run',
};

/** What is not as it should be with a node: 'stale', '3 stale, 1 never run'; '' if nothing is. */
export function stateWords({ state, states, stages }: DagNode): string {
  if (state !== undefined) return WORDS[state];
  return (['stale', 'never-run', 'frozen'] as const)
    .flatMap((each) => {
      const count = states?.[each];
      if (count === undefined) return [];
      return count === stages?.length ? [`all ${WORDS[each]}`] : [`${count} ${WORDS[each]}`];
    })
    .join(', ');
}

/** The name of a node, with how many stages it stands for. */
export function nodeName({ id, stages }: DagNode): string {
  return stages ? `${id} (${stages.length})` : id;
}

/** Something has to run: what is marked with a sign. */
export function isDue({ state, states }: DagNode): boolean {
  return state === 'stale' || state === 'never-run' || Boolean(states?.stale ?? states?.['never-run']);
}

/** Mermaid's flowchart, which GitHub draws. */
export function mermaidDag(dag: Dag): string {
  const ids = new Map(dag.nodes.map((node, index) => [node.id, `n${index}`]));
  const lines = dag.nodes.map((node) => {
    const words = stateWords(node);
    const name = nodeName(node).replaceAll('"', '#quot;');
    const label = JSON.stringify(words === '' ? name : `${name}<br/>${words}`);
    const shape = node.kind === 'path' ? `([${label}])` : node.stages ? `[[${label}]]` : `[${label}]`;
    return `  ${ids.get(node.id)!}${shape}${isDue(node) ? ':::due' : ''}`;
  });
  const arrows = dag.edges.map(({ from, to }) => `  ${ids.get(from)!} --> ${ids.get(to)!}`);
  const style = dag.nodes.some(isDue) ? ['  classDef due stroke-dasharray: 5 5'] : [];
  return ['flowchart TD', ...lines, ...arrows, ...style].join('\n');
}

/** Graphviz's language. */
export function dotDag(dag: Dag): string {
  const lines = dag.nodes.map((node) => {
    const words = stateWords(node);
    const name = nodeName(node);
    const label =
      words === '' && name === node.id
        ? ''
        : ` label=${JSON.stringify(words === '' ? name : `${name}\n${words}`)}`;
    const more = `${label}${isDue(node) ? ' style=dashed' : ''}${node.stages ? ' peripheries=2' : ''}`;
    return `  ${JSON.stringify(node.id)} [shape=${node.kind === 'stage' ? 'box' : 'ellipse'}${more}];`;
  });
  const arrows = dag.edges.map(({ from, to }) => `  ${JSON.stringify(from)} -> ${JSON.stringify(to)};`);
  return ['digraph pipeline {', ...lines, ...arrows, '}'].join('\n');
}
