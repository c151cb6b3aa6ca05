import { describe, expect, it } from 'vitest';
import type { RepoPath } from '../../../src/base/paths.js';
import { collapseGroups } from '../../../src/pipeline/definition/graph/dag-groups.js';
import { dotDag, mermaidDag } from '../../../src/pipeline/definition/graph/dag-text.js';
import { outputDag, stageDag, withStates, type Dag } from '../../../src/pipeline/definition/graph/dag.js';
import { parsePipeline } from '../../../src/pipeline/definition/read/definition.js';
import { buildGraph } from '../../../src/pipeline/definition/graph/graph.js';

const pipeline = parsePipeline(`stages:
  convert: {run: x, deps: [data/raw], outs: [data/all.jsonl]}
  split: {run: x, deps: [data/all.jsonl], outs: [data/split]}
  train: {run: x, deps: [data/split, data/raw], outs: [models/plate], metrics: [reports/train.json]}
`);
const graph = buildGraph(pipeline);
const dag = stageDag({ pipeline, graph }, graph.order, ['data/raw' as RepoPath]);

describe('the graph of the pipeline', () => {
  it('has the stages, the tracked data that they read, and an edge for each dependency', () => {
    expect(dag).toEqual({
      nodes: [
        { id: 'data/raw.ocr', kind: 'path' },
        { id: 'convert', kind: 'stage' },
        { id: 'split', kind: 'stage' },
        { id: 'train', kind: 'stage' },
      ],
      edges: [
        { from: 'data/raw.ocr', to: 'convert' },
        { from: 'convert', to: 'split' },
        { from: 'data/raw.ocr', to: 'train' },
        { from: 'split', to: 'train' },
      ],
    });
  });

  it('has every output and what it is made from', () => {
    const { edges } = outputDag(pipeline, ['split', 'train']);
    expect(edges.map(({ from, to }) => `${from} > ${to}`)).toEqual([
      'data/all.jsonl > data/split',
      'data/split > models/plate',
      'data/split > reports/train.json',
      'data/raw > models/plate',
      'data/raw > reports/train.json',
    ]);
  });

  it('is written for Mermaid and Graphviz with every name in quotes', () => {
    const odd: Dag = {
      nodes: [
        { id: 'a "b"', kind: 'stage' },
        { id: 'c', kind: 'path' },
      ],
      edges: [{ from: 'c', to: 'a "b"' }],
    };
    expect(mermaidDag(odd)).toBe('flowchart TD\n  n0["a #quot;b#quot;"]\n  n1(["c"])\n  n1 --> n0');
    expect(dotDag(odd)).toBe(
      'digraph pipeline {\n  "a \\"b\\"" [shape=box];\n  "c" [shape=ellipse];\n  "c" -> "a \\"b\\"";\n}',
    );
  });
});

const matrix = parsePipeline(`stages:
  split: {run: x, outs: [split]}
  train:
    matrix: {model: [vgg, crnn], size: [32, 64]}
    run: x \${item.model}
    deps: [split]
    outs: ['models/\${item.model}-\${item.size}']
  eval: {run: x, deps: [models], outs: [out]}
`);

describe('the graph of a pipeline with a matrix', () => {
  const full = stageDag({ pipeline: matrix, graph: buildGraph(matrix) }, buildGraph(matrix).order, []);

  it('has one node for all stages of it', () => {
    const { nodes, edges } = collapseGroups(full, matrix);
    expect(nodes.map(({ id, stages }) => [id, stages?.length])).toEqual([
      ['split', undefined],
      ['train@*', 4],
      ['eval', undefined],
    ]);
    expect(edges).toEqual([
      { from: 'split', to: 'train@*' },
      { from: 'train@*', to: 'eval' },
    ]);
  });

  it('says how many of them stand how, in every form', () => {
    const first = full.nodes.find(({ id }) => id.startsWith('train@'))!.id;
    const states = new Map(full.nodes.map(({ id }) => [id, 'fresh' as const]));
    const dag = withStates(
      collapseGroups(full, matrix),
      new Map([...states, [first, 'stale']]),
      () => undefined,
    );
    expect(dag.nodes[1]).toMatchObject({ states: { fresh: 3, stale: 1 } });
    expect(mermaidDag(dag)).toContain('  n1[["train@* (4)<br/>1 stale"]]:::due\n');
    expect(dotDag(dag)).toContain(
      '  "train@*" [shape=box label="train@* (4)\\n1 stale" style=dashed peripheries=2];\n',
    );
  });

  it('keeps stages apart that would be on a circle as one', () => {
    const text = `stages:
  a: {foreach: [1, 2], do: {run: x, deps: ['b\${item}'], outs: ['a\${item}']}}
  b: {foreach: [2], do: {run: x, deps: [a1], outs: ['b\${item}']}}
  b1: {run: x, outs: [b1]}
`;
    const pipeline = parsePipeline(text);
    const graph = buildGraph(pipeline);
    const { nodes } = collapseGroups(stageDag({ pipeline, graph }, graph.order, []), pipeline);
    expect(nodes.map(({ id }) => id).sort()).toEqual(['a@1', 'a@2', 'b1', 'b@2']);
  });
});
