import { describe, expect, it } from 'vitest';
import { drawDag } from '../../src/cli/dag-drawing.js';
import type { Dag, NodeState } from '../../src/pipeline/definition/graph/dag.js';
import { newWorkspace } from '../rig/workspace.js';
import fc from '../rig/fast-check.js';

/** Edges as `a>b`; names in the order of a walk from the sources. */
function graph(edges: string, states: Readonly<Record<string, NodeState>> = {}): Dag {
  const pairs = edges.split(' ').map((edge) => edge.split('>') as [string, string]);
  const names = [...new Set(pairs.flat())];
  return {
    nodes: names.map((id) => ({ id, kind: 'stage', ...(states[id] && { state: states[id] }) })),
    edges: pairs.map(([from, to]) => ({ from, to })),
  };
}

describe('drawDag', () => {
  it('draws boxes and lines that lead down, with a sign and words at what is due', () => {
    const states = { convert: 'frozen', train: 'stale', evaluate: 'never-run' } as const;
    const dag = graph(
      'raw>convert convert>split split>train raw>train train>evaluate split>evaluate',
      states,
    );
    expect(`\n${drawDag(dag)}\n`).toBe(`
            ┌─────┐
            │ raw │
            └──┬──┘
         ┌─────┴──────┐
┌────────┴─────────┐  │
│ convert (frozen) │  │
└────────┬─────────┘  │
         │            │
     ┌───┴───┐        │
     │ split │        │
     └───┬───┘        │
       ┌─┴────────┐   │
       │          ├───┘
       │  ┌───────┴───────┐
       │  │ train ! stale │
       │  └───────┬───────┘
       └─────┬────┘
  ┌──────────┴───────────┐
  │ evaluate ! never run │
  └──────────────────────┘

! is what 'ocrpipe repro' would run or restore; 'ocrpipe why STAGE' says why.
`);
  });

  it('lets what leads to the same boxes share one line', () => {
    expect(`\n${drawDag(graph('a>x b>x c>x x>p x>q'))}\n`).toBe(`
┌───┐  ┌───┐  ┌───┐
│ a │  │ b │  │ c │
└─┬─┘  └─┬─┘  └─┬─┘
  └──────┼──────┘
       ┌─┴─┐
       │ x │
       └─┬─┘
      ┌──┴───┐
    ┌─┴─┐  ┌─┴─┐
    │ p │  │ q │
    └───┘  └───┘
`);
  });

  it('is a list, with what to type for a picture, where the terminal is too narrow or the boxes are too many', () => {
    const dag = graph('split>train-a split>train-b train-a>best train-b>best', { best: 'stale' });
    const [list, how] = drawDag(dag, { columns: 20 }).split('\n\nThe drawing ');
    expect(list).toBe(
      "split\ntrain-a\n  <- split\ntrain-b\n  <- split\nbest ! stale\n  <- train-a, train-b\n\n! is what 'ocrpipe repro' would run or restore; 'ocrpipe why STAGE' says why.",
    );
    expect(how).toContain('would be 24 columns wide, and here are 20');
    const many = graph(Array.from({ length: 400 }, (_, at) => `s>t${at}`).join(' '));
    expect(drawDag(many)).toContain('401 boxes are too many to follow');
  });

  it('counts wide characters as two columns', () => {
    const [top, name] = drawDag(graph('漢字>b')).split('\n');
    expect([top, name]).toEqual(['┌──────┐', '│ 漢字 │']);
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

describe('ocrpipe dag', () => {
  it('marks what is stale, and draws where that cannot be told', async () => {
    const here = await newWorkspace();
    here.write('in', '1');
    here.write(
      'pipeline.yaml',
      'stages: {a: {run: cp in out, deps: [in], outs: [out]}, b: {run: cp out end, deps: [out], outs: [end]}}\n',
    );
    expect(await here.ocrpipe('dag')).toContain('│ a ! never run │');
    await here.ocrpipe('repro');
    expect(await here.ocrpipe('dag')).not.toContain('!');
    here.write('in', '2');
    expect(await here.json('dag')).toMatchObject({ nodes: [{ id: 'a', state: 'stale' }, { id: 'b' }] });
    expect(await here.ocrpipe('dag', '--mermaid')).not.toContain('stale');
    expect(await here.ocrpipe('dag', '--mermaid', '--status')).toContain('n0["a<br/>stale"]:::due');
    expect(await here.json('dag', '--outs')).toMatchObject({
      nodes: [{ id: 'in' }, { id: 'out', state: 'stale' }, { id: 'end' }],
    });
    here.write('out.ocr', 'version: 1\nid: broken\n');
    const { stdout, stderr } = await here.run(['dag']);
    expect(stdout).toContain('│ a │');
    expect(stderr).toContain('which stages are stale cannot be told');
  });
});
