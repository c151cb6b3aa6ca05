import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { canonicalJson, type JsonValue } from '../../../src/base/canonical-json.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { parsePipeline } from '../../../src/pipeline/definition/read/definition.js';
import {
  formatLockFile,
  lockedInputs,
  parseCanonical,
  parseLockFile,
  type LockEntry,
} from '../../../src/pipeline/records/lock-file.js';
import { signatureOf } from '../../../src/pipeline/records/signature.js';
import fc from '../../rig/fast-check.js';

const text = fc.oneof(
  fc.string({ minLength: 1, unit: 'grapheme' }),
  fc.constantFrom(
    'true',
    '0x1f',
    '1e5',
    '.5',
    '~',
    'null',
    'a: b',
    '# no',
    '- x',
    'a  b',
    '2024-01-01',
    'é',
    "it's",
    '=',
    '@x',
  ),
);
const path = fc
  .array(fc.constantFrom('a', 'b.c', 'true', '1', '1e5', 'with space', 'ü', '#x', '-y'), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => parts.join('/') as RepoPath);
const locked = fc.record({
  path,
  id: fc.string().map((bytes) => contentIdOf(bytes)),
  kind: fc.constantFrom<'file' | 'directory'>('file', 'directory'),
  size: fc.nat(),
});
const value = fc
  .jsonValue()
  // Negative zero is 0 in JSON.
  .map((json) => JSON.parse(JSON.stringify(json)) as JsonValue)
  .filter(isCanonical);
const key = fc.stringMatching(/^[a-z][a-z0-9._]{0,8}$/);
const entry: fc.Arbitrary<LockEntry> = fc.record({
  run: fc.array(text, { minLength: 1, maxLength: 3 }),
  wdir: fc.oneof(fc.constant('.' as RepoPath), path),
  deps: fc.uniqueArray(locked, { selector: (dep) => dep.path, maxLength: 4 }),
  params: fc
    .uniqueArray(fc.record({ file: path, key, value }), {
      selector: (param) => `${param.file}:${param.key}`,
      maxLength: 4,
    })
    .map((params) => params.sort((a, b) => (a.file + '\0' + a.key < b.file + '\0' + b.key ? -1 : 1))),
  outs: fc.uniqueArray(locked, { selector: (out) => out.path, maxLength: 3 }),
});
const variables = fc.uniqueArray(
  fc.record({ name: fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,5}$/), value: fc.option(text) }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 3 },
);
const urls = fc.array(fc.record({ url: text, version: text }), { minLength: 1, maxLength: 2 });
const part = fc.constantFrom({}, { glob: true as const }, { lines: '1-3,5-' }, { git: true as const });
const kept = fc.constantFrom({}, { persist: true }, { executable: true }, { files: 3, persist: true });
/** What few entries hold, too. */
const fullEntry: fc.Arbitrary<LockEntry> = fc
  .tuple(entry, fc.option(variables), fc.option(urls), part, kept)
  .map(([plain, env, from, how, more]) => ({
    ...plain,
    ...(env && { env }),
    ...(from && { urls: from }),
    deps: plain.deps.map((dep) => ({ ...dep, ...how })),
    outs: plain.outs.map((out) => ({ ...out, ...more })),
  }));
const lock = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.@=-]{0,8}$/), fullEntry), {
    selector: ([name]) => name,
    maxLength: 4,
  })
  .map((entries) => new Map(entries));

/** Without the names that JavaScript gives a meaning of its own, and without what canonical JSON refuses. */
function isCanonical(json: JsonValue): boolean {
  try {
    return !canonicalJson(json).includes('__proto__');
  } catch {
    return false;
  }
}

describe('pipeline.lock', () => {
  it('reads back what it writes, whatever the texts and values are', () => {
    fc.assert(
      fc.property(lock, (stages) => {
        const read = parseLockFile(formatLockFile(stages));
        expect(Object.fromEntries(read)).toEqual(Object.fromEntries(stages));
      }),
    );
  });

  it('reads what it writes without a parser of YAML, and finds in it what that finds', () => {
    fc.assert(
      fc.property(lock, (stages) => {
        const text = formatLockFile(stages);
        const read = parseCanonical(text);
        if (stages.size > 0) expect(read).toBeDefined();
        expect(read ?? new Map()).toEqual(parseLockFile(`${text}# This line is not ours.\n`));
      }),
    );
  });

  it('leaves every text that it would not write like that to the parser of YAML', () => {
    const line = fc.constantFrom(
      '',
      '    run:',
      '      - x',
      '  a:',
      '# x',
      '    wdir: "a"',
      '        glob: true',
    );
    const change = fc.record({ at: fc.nat(), removed: fc.nat(2), line: fc.option(line) });
    fc.assert(
      fc.property(lock, fc.array(change, { minLength: 1, maxLength: 3 }), (stages, changes) => {
        const lines = formatLockFile(stages).split('\n');
        for (const each of changes)
          lines.splice(each.at % lines.length, each.removed, ...(each.line === null ? [] : [each.line]));
        const text = lines.join('\n');
        const read = parseCanonical(text);
        if (read) expect(read).toEqual(parseLockFile(`${text}# This line is not ours.\n`));
      }),
    );
  });

  it.each([
    ['an id that is none', (text: string) => text.replace(/id: .*/, 'id: abc')],
    ['a path outside', (text: string) => text.replace('path: data', 'path: ../data')],
    ['a kind that is none', (text: string) => text.replace('kind: file', 'kind: link')],
    ['a size that is none', (text: string) => text.replace('size: 12', 'size: -1')],
  ])('refuses %s as it ever did', (_, spoil) => {
    const id = contentIdOf('x');
    const dep = { path: 'data' as RepoPath, id, kind: 'file', size: 12 } as const;
    const good: LockEntry = { run: ['x'], wdir: '.' as RepoPath, deps: [dep], params: [], outs: [] };
    const text = spoil(formatLockFile(new Map([['s', good]])));
    expect(parseCanonical(text)).toBeUndefined();
    expect(() => parseLockFile(text)).toThrow(/pipeline\.lock at 'stages\.s\.deps/);
  });

  it('is the same text whatever the order in which stages were recorded', () => {
    fc.assert(
      fc.property(lock, (stages) => {
        const backwards = new Map([...stages].reverse());
        expect(formatLockFile(backwards)).toBe(formatLockFile(stages));
      }),
    );
  });

  it('keeps all inputs of the signature', () => {
    fc.assert(
      fc.property(entry, (recorded) => {
        const read = parseLockFile(formatLockFile(new Map([['s', recorded]]))).get('s')!;
        expect(signatureOf(lockedInputs(read))).toBe(signatureOf(lockedInputs(recorded)));
      }),
    );
  });

  it('has one block a stage, readable and in a stable order', () => {
    const id = contentIdOf('x');
    const train: LockEntry = {
      run: ['ocrpipe train --out models/plate', 'echo "done: 100%"'],
      wdir: '.' as RepoPath,
      deps: [{ path: 'data' as RepoPath, id, kind: 'directory', size: 12, files: 3 }],
      params: [{ file: 'params.yaml' as RepoPath, key: 'train', value: { epochs: 3, rate: 0.1 } }],
      outs: [
        { path: 'models/plate' as RepoPath, id, kind: 'file', size: 1, executable: true, persist: true },
      ],
    };
    const first: LockEntry = { run: ['x'], wdir: 'sub' as RepoPath, deps: [], params: [], outs: [] };
    expect(
      formatLockFile(
        new Map([
          ['train', train],
          ['first', first],
        ]),
      ),
    ).toBe(`# Written by ocrpipe: what each stage last ran with and what it made. Commit it.
version: 1
stages:
  first:
    run:
      - x
    wdir: sub
  train:
    run:
      - ocrpipe train --out models/plate
      - "echo \\"done: 100%\\""
    deps:
      - path: data
        id: ${id}
        kind: directory
        size: 12
        files: 3
    params:
      params.yaml:
        train: {"epochs":3,"rate":0.1}
    outs:
      - path: models/plate
        id: ${id}
        kind: file
        size: 1
        executable: true
        persist: true
`);
  });

  const id = contentIdOf('x');
  it.each([
    [
      'conflict markers',
      'version: 1\nstages:\n<<<<<<< HEAD\n  a: {run: [x]}\n=======\n>>>>>>> b\n',
      'conflict-markers',
    ],
    ['another version', 'version: 2\nstages: {}\n', 'lock-invalid'],
    ['an unknown key', 'version: 1\nstages: {a: {run: [x], when: now}}\n', 'lock-invalid'],
    [
      'an id that is none',
      'version: 1\nstages: {a: {run: [x], outs: [{path: p, id: x, kind: file, size: 1}]}}\n',
      'lock-invalid',
    ],
    [
      'a path outside',
      `version: 1\nstages: {a: {run: [x], outs: [{path: ../p, id: ${id}, kind: file, size: 1}]}}\n`,
      'lock-invalid',
    ],
    ['anchors', 'version: 1\nstages: &a {}\n', 'yaml-syntax'],
  ])('refuses %s with exit code 2 and a place', (_what, written, code) => {
    expect(() => parseLockFile(written)).toThrow(
      expect.objectContaining({
        code,
        exitCode: 2,
        location: expect.objectContaining({ file: 'pipeline.lock' }) as unknown,
      }),
    );
  });
});

describe('docs/pipeline.md', () => {
  const page = readFileSync(new URL('../../../docs/pipeline.md', import.meta.url), 'utf8');
  const example = (start: string): string =>
    [...page.matchAll(/```yaml\n([^]*?)```/g)]
      .map(([, text = '']) => text)
      .find((text) => text.startsWith(start)) ?? '';

  it('shows a lock file as ocrpipe writes it', () => {
    const text = example('version: 1');
    expect(formatLockFile(parseLockFile(text))).toContain(text.replace('version: 1\n', ''));
  });

  it('shows a pipeline that can be read', () => {
    expect([...parsePipeline(example('stages:')).stages.keys()]).toEqual(['train']);
  });
});
