import { describe, expect, it } from 'vitest';
import type { RepoPath } from '../../../src/base/paths.js';
import { drawDag } from '../../../src/pipeline/definition/dag-drawing.js';
import { dotDag, mermaidDag, outputDag, stageDag, type Dag } from '../../../src/pipeline/definition/dag.js';
import { parsePipeline } from '../../../src/pipeline/definition/definition.js';
import { buildGraph } from '../../../src/pipeline/definition/graph.js';
import fc from '../../rig/fast-check.js';

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

describe('drawDag', () => {
  it('draws boxes and lines, sources at the top', () => {
    expect(`\n${drawDag(dag)}\n`).toBe(`
┌──────────────┐
│ data/raw.ocr │
└──────┬───────┘
       ├───────┐
  ┌────┴────┐  │
  │ convert │  │
  └────┬────┘  │
       │       │
   ┌───┴───┐   │
   │ split │   │
   └───┬───┘   │
       └───┐   │
           ├───┘
       ┌───┴───┐
       │ train │
       └───────┘
`);
  });

  it('draws nothing for nothing', () => {
    expect(drawDag({ nodes: [], edges: [] })).toBe('');
  });

  it('shows every name once, and no two boxes over each other', () => {
    const edges = fc.uniqueArray(
      fc.tuple(fc.nat(8), fc.nat(8)).filter(([from, to]) => from < to),
      { selector: String, maxLength: 14 },
    );
    fc.assert(
      fc.property(edges, (pairs) => {
        const drawing = drawDag({
          nodes: Array.from({ length: 9 }, (_, id) => ({ id: `stage-${id}`, kind: 'stage' as const })),
          edges: pairs.map(([from, to]) => ({ from: `stage-${from}`, to: `stage-${to}` })),
        });
        for (let id = 0; id < 9; id += 1) {
          expect(drawing.split(`│ stage-${id} │`)).toHaveLength(2);
        }
      }),
    );
  });
});
