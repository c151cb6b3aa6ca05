import { describe, expect, it } from 'vitest';
import type { OcrpipeError } from '../../../src/base/errors.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { parsePipeline } from '../../../src/pipeline/definition/read/definition.js';
import { buildGraph, closure, OutputIndex } from '../../../src/pipeline/definition/graph/graph.js';
import {
  missingDependencyProblems,
  outputProblems,
  trackedOutputProblems,
} from '../../../src/pipeline/definition/graph/validate.js';
import type { Pipeline } from '../../../src/pipeline/definition/stage/stage.js';
import fc from '../../rig/fast-check.js';

const path = (text: string): RepoPath => text as RepoPath;

/** Stages s0, s1, … each with an output; `reads[i]` are the numbers of the stages that stage i reads. */
function pipelineOf(reads: readonly (readonly number[])[]): Pipeline {
  const stages = reads.map(
    (deps, index) =>
      `  s${index}: {run: x, deps: [${deps.map((dep) => `o${dep}/f`).join(', ')}], outs: [o${index}]}`,
  );
  return parsePipeline(`stages:\n${stages.join('\n')}\n`);
}

/** Acyclic: a stage reads only stages with smaller numbers; then shuffled in the file by name. */
const acyclic = fc
  .integer({ min: 1, max: 12 })
  .chain((count) =>
    fc.tuple(
      ...Array.from({ length: count }, (_, index) =>
        index === 0
          ? fc.constant([])
          : fc.uniqueArray(fc.integer({ min: 0, max: index - 1 }), { maxLength: 4 }),
      ),
    ),
  );

describe('buildGraph', () => {
  it('puts every stage behind those whose outputs it reads', () => {
    fc.assert(
      fc.property(acyclic, (reads) => {
        const graph = buildGraph(pipelineOf(reads));
        const place = new Map(graph.order.map((name, index) => [name, index]));
        expect(place.size).toBe(reads.length);
        reads.forEach((deps, index) => {
          for (const dep of deps) expect(place.get(`s${dep}`)!).toBeLessThan(place.get(`s${index}`)!);
          expect([...graph.upstream.get(`s${index}`)!].sort()).toEqual(deps.map((dep) => `s${dep}`).sort());
        });
      }),
    );
  });

  it('names the stages of a cycle, each of which is read by the next one', () => {
    const text = `stages:
  first: {run: x, outs: [z]}
  a: {run: x, deps: [z, c], outs: [a]}
  b: {run: x, deps: [a], outs: [b]}
  c: {run: x, deps: [b], outs: [c]}
  after: {run: x, deps: [c]}
`;
    let error: OcrpipeError | undefined;
    try {
      buildGraph(parsePipeline(text));
    } catch (caught) {
      error = caught as OcrpipeError;
    }
    expect(error).toMatchObject({ code: 'cycle', exitCode: 2, location: { line: 3, column: 3 } });
    expect(error?.message).toContain('a -> b -> c -> a');
  });

  it('sees a stage that reads its own output as a cycle', () => {
    expect(() => buildGraph(parsePipeline('stages: {a: {run: x, deps: [o], outs: [o/x]}}'))).toThrow(
      expect.objectContaining({ code: 'cycle' }),
    );
  });

  it('finds the maker of a file inside an output, and of outputs inside a folder that is read', () => {
    const text = `stages:
  make: {run: x, outs: [data/split, data/split.txt]}
  inside: {run: x, deps: [data/split/train.jsonl]}
  above: {run: x, deps: [data]}
  beside: {run: x, deps: [data/spl]}
`;
    const graph = buildGraph(parsePipeline(text));
    expect(graph.downstream.get('make')).toEqual(['inside', 'above']);
  });

  it('counts a parameters file that a stage makes', () => {
    const text = 'stages: {a: {run: x, outs: [p.yaml]}, b: {run: x, params: [{file: p.yaml, keys: [k]}]}}';
    expect(buildGraph(parsePipeline(text)).upstream.get('b')).toEqual(['a']);
  });
});

describe('closure', () => {
  it('follows the arrows in the direction that is asked for', () => {
    const graph = buildGraph(pipelineOf([[], [0], [0], [1, 2], []]));
    expect(closure(graph, ['s1'], 'upstream')).toEqual(['s0', 's1']);
    expect(closure(graph, ['s1'], 'downstream')).toEqual(['s1', 's3']);
    expect(closure(graph, ['s1'], 'both')).toEqual(['s0', 's1', 's2', 's3']);
  });
});

describe('OutputIndex', () => {
  it('finds exactly the outputs that equal, hold or lie in a path', () => {
    const names = fc.array(fc.constantFrom('a', 'b', 'ab', 'c'), { minLength: 1, maxLength: 4 });
    const paths = fc.uniqueArray(
      names.map((parts) => parts.join('/')),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(paths, names, (outs, asked) => {
        const stages = parsePipeline(`stages: {s: {run: x, outs: [${outs.join(', ')}]}}`).stages.values();
        const wanted = asked.join('/');
        const found = new OutputIndex(stages).overlapping(path(wanted)).map((out) => out.path as string);
        const touches = (out: string): boolean =>
          out === wanted || out.startsWith(`${wanted}/`) || wanted.startsWith(`${out}/`);
        expect(found.sort()).toEqual(outs.filter(touches).sort());
      }),
    );
  });
});

describe('the checks of outputs and dependencies', () => {
  const pipeline = parsePipeline(`stages:
  a: {run: x, deps: [in/file], outs: [out, models/m]}
  b: {run: x, deps: [gone], outs: [out, models/m/part]}
`);

  it('find an output of two stages and an output inside another', () => {
    expect(outputProblems(pipeline).map(({ code, location }) => [code, location?.line])).toEqual([
      ['output-twice', 3],
      ['output-inside-output', 3],
    ]);
  });

  it('find outputs that equal, hold or lie in a tracked path, but not those that a stage wrote', () => {
    const pointers = ['out', 'models', 'models/m/part', 'other'].map(path);
    const problems = trackedOutputProblems(pipeline, pointers, (pointer) => pointer === 'out');
    expect(problems.map(({ code }) => code)).toEqual([
      'output-overlaps-tracked',
      'output-overlaps-tracked',
      'output-is-tracked',
      'output-overlaps-tracked',
    ]);
  });

  it('find a dependency that nothing provides', () => {
    const known = { pointers: [path('in')], exists: () => false, rename: () => undefined };
    const problems = missingDependencyProblems(pipeline, ['a', 'b'], known);
    expect(problems.map(({ code, location }) => [code, location?.line])).toEqual([['missing-dependency', 3]]);
  });
});
