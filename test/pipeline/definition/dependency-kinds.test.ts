import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsePipeline } from '../../../src/pipeline/definition/read/definition.js';
import {
  dependencyName,
  writtenDependency,
} from '../../../src/pipeline/definition/dependencies/dependency-part.js';
import { isGlob, parseGlob } from '../../../src/pipeline/definition/dependencies/globs.js';
import { buildGraph } from '../../../src/pipeline/definition/graph/graph.js';
import {
  lineRangesText,
  parseLineRanges,
} from '../../../src/pipeline/definition/dependencies/line-ranges.js';
import { formatLockFile, parseLockFile } from '../../../src/pipeline/records/lock-file.js';
import { runOf } from '../../../src/pipeline/records/locked-run.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { mayTake } from '../../../src/tracking/file-choice.js';
import fc from '../../rig/fast-check.js';

function stage(text: string, wdir = '') {
  return parsePipeline(`stages: {a: {run: x, ${wdir} deps: ${text}}}`).stages.get('a')!;
}

const names = (text: string, wdir?: string): string[] =>
  stage(text, wdir).deps.map((dep) => dependencyName(writtenDependency(dep)));

function refused(text: string): string {
  try {
    stage(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

describe('kinds of dependencies', () => {
  it('are told by their keys, and seen from the root of the workspace', () => {
    expect(
      names(
        `['x/*.png', {path: 'a*b'}, {glob: 'y/**'}, {file: l.txt, lines: [3-, 1, 2]}, {git: src}, {file: f}]`,
        'wdir: sub,',
      ),
    ).toEqual(['sub/x/*.png', 'sub/a*b', 'sub/y/**', 'sub/l.txt:1-', 'sub/src (git)', 'sub/f']);
    expect(stage(`['https://h/x', {url: 's3://b/k', remote: main}, 'https://h/x']`).urls).toMatchObject([
      { url: 'https://h/x' },
      { url: 's3://b/k', remote: 'main' },
    ]);
    expect(stage('[{file: c.json, keys: [a.b]}]').params).toMatchObject([{ file: 'c.json', keys: ['a.b'] }]);
  });

  it('name a path with a wildcard in its name by {path} or a backslash', () => {
    expect(
      stage(String.raw`[{path: 'a*b'}, 'c\*d', 'e\f']`).deps.map(({ path, part }) => [path, part]),
    ).toEqual([
      ['a*b', undefined],
      ['c*d', undefined],
      [String.raw`e\f`, undefined],
    ]);
  });

  it('are refused where keys do not go together, with what to write', () => {
    expect(refused('[{path: a, git: b}]')).toContain(
      'one of path, glob, file, stage, url, git, not path and git',
    );
    expect(refused('[{}]')).toContain('a dependency is one of');
    expect(refused('[{path: a, lines: 1}]')).toContain("'lines' goes with 'file'");
    expect(refused('[{path: a, remote: r}]')).toContain("'remote' goes with 'url'");
    expect(refused('[{file: a, lines: 1, keys: [k]}]')).toContain('not both');
    for (const lines of ['0', '5-3', 'x', '-4'])
      expect(refused(`[{file: a, lines: '${lines}'}]`)).toContain('names no lines');
    expect(refused('[{url: ftp://x}]')).toContain('is no address');
    expect(refused('["a/*/../b"]')).toContain('goes up');
    expect(refused('["../*.png"]')).toContain('outside the workspace');
    expect(refused('[{fil: a}]')).toContain("has no key 'fil'");
  });

  it('of another stage are all its outputs, and an edge even where it makes none', () => {
    const pipeline = parsePipeline(`stages:
  b: {run: x, deps: [{stage: make}, {stage: lint}]}
  make@1: {run: x, outs: [m1]}
  make@2: {run: x, outs: [m2], metrics: [n.json]}
  lint: {run: x}
`);
    expect(pipeline.stages.get('b')!.deps.map(({ path }) => path)).toEqual(['m1', 'm2', 'n.json']);
    expect(buildGraph(pipeline).upstream.get('b')).toEqual(['make@1', 'make@2', 'lint']);
    expect(refused('[{stage: aa}]')).toContain("no stage 'aa'");
  });

  it('make edges to the stages whose outputs a pattern may name, but not to the stage itself', () => {
    const pipeline = parsePipeline(`stages:
  all: {run: x, deps: ['parts/*/*.json'], outs: [parts/all.json, parts/z/own.json]}
  one: {run: x, outs: [parts/1/a.json]}
  two: {run: x, outs: [parts/2]}
  three: {run: x, outs: [parts/3/a.txt]}
  there: {run: x, wdir: parts/2, outs: [../../4.txt]}
`);
    const { upstream } = buildGraph(pipeline);
    expect(upstream.get('all')).toEqual(['one', 'two']);
    expect(upstream.get('there')).toEqual(['two']);
  });
});

describe('patterns', () => {
  const takes = (pattern: string, path: string): boolean => {
    const { base, choice } = parseGlob(pattern as RepoPath);
    const below = base === '.' ? path : path.slice(base.length + 1);
    const parts = below.split('/');
    const last = parts.pop()!;
    let here: typeof choice | undefined = choice;
    for (const part of parts) here = here?.within(part);
    return (base === '.' || path.startsWith(`${base}/`)) && (here?.takes(last) ?? false);
  };

  it('name files as a shell does', () => {
    const named = ['a.png', 'b/c.png', 'b/.c.png', '.d.png', 'b/c/d.png', 'b*.png', '.e/f.png'];
    const which = (pattern: string): string[] => named.filter((path) => takes(pattern, path));
    expect(which('*.png')).toEqual(['a.png', 'b*.png']);
    expect(which('**/*.png')).toEqual(['a.png', 'b/c.png', 'b/c/d.png', 'b*.png']);
    expect(which('b/**')).toEqual(['b/c.png', 'b/c/d.png']);
    expect(which('b/.*.png')).toEqual(['b/.c.png']);
    expect(which('?.png')).toEqual(['a.png']);
    expect(which('[a-b]*.png')).toEqual(['a.png', 'b*.png']);
    expect(which(String.raw`b\*.png`)).toEqual(['b*.png']);
    expect(which('.e/*.png')).toEqual(['.e/f.png']);
    expect(parseGlob(String.raw`x\*y/z/*.png` as RepoPath).base).toBe('x*y/z');
  });

  it('hold whatever they take: a file that is named is below an output that holds it', () => {
    const name = fc.constantFrom('a', 'b', '.h', 'a*');
    const step = fc.constantFrom('a', 'b', '*', '**', '.*', '?', '[ab]');
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 4 }),
        fc.array(name, { minLength: 1, maxLength: 4 }),
        (steps, path) => {
          const pattern = steps.join('/');
          if (!isGlob(pattern) || !takes(pattern, path.join('/'))) return;
          const { base, choice } = parseGlob(pattern as RepoPath);
          const below = base === '.' ? path : path.slice(base.split('/').length);
          for (let length = 1; length <= below.length; length += 1) {
            expect(mayTake(choice, below.slice(0, length).join('/'))).toBe(true);
          }
        },
      ),
    );
  });
});

describe('line ranges', () => {
  it('are sorted, joined where they touch, and read again from their text', () => {
    expect(lineRangesText(parseLineRanges('7,1-3,4,9-')!)).toBe('1-4,7,9-');
    const range = fc
      .tuple(fc.nat(50), fc.option(fc.nat(20)))
      .map(([from, more]) => (more === null ? `${from + 1}-` : `${from + 1}-${from + 1 + more}`));
    fc.assert(
      fc.property(fc.array(range, { minLength: 1 }), (ranges) => {
        const parsed = parseLineRanges(ranges.join(','))!;
        expect(parseLineRanges(lineRangesText(parsed))).toEqual(parsed);
        const has = (some: typeof parsed, line: number): boolean =>
          some.some(({ from, to }) => line >= from && line <= (to ?? line));
        const each = ranges.map((text) => parseLineRanges(text)!);
        for (let line = 1; line < 75; line += 1)
          expect(has(parsed, line)).toBe(each.some((some) => has(some, line)));
      }),
    );
  });
});

describe('a lock', () => {
  const read = (file: string): string => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');

  it('of stages that use none of this is written as it always was, and so are their signatures', () => {
    const own = read('pipeline.lock');
    expect(formatLockFile(parseLockFile(own))).toBe(own);
    const lock = parseLockFile(read('test/golden/stages.lock'));
    expect(formatLockFile(lock)).toBe(read('test/golden/stages.lock'));
    const signatures = [...lock].map(([name, entry]) => [name, runOf(entry).key]);
    expect(Object.fromEntries(signatures)).toEqual(JSON.parse(read('test/golden/signatures.json')));
  });
});
