import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { AbsPath } from '../../../src/base/paths.js';
import { parseYamlFile } from '../../../src/base/yaml-file.js';
import { ParsedFiles } from '../../../src/pipeline/definition/read/parsed-files.js';
import { readDefinition } from '../../../src/pipeline/definition/read/read-definition.js';
import { memoryFolder } from '../../../src/tracking/memory-folder.js';
import fc, { runs } from '../../rig/fast-check.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

/** Makes any text large enough to be remembered. */
const PADDING = `# ${'-'.repeat(5_000)}\n`;

function memoryOf(root: AbsPath): string {
  return join(memoryFolder(root), 'parsed-files.json');
}

function parseOnce(root: AbsPath, text: string): ReturnType<ParsedFiles['parse']> {
  const files = new ParsedFiles(root);
  const parsed = files.parse(text, 'pipeline.yaml');
  files.save();
  return parsed;
}

/** What a text says, or what it is refused with, and where things stand in it. */
function said(parse: () => ReturnType<ParsedFiles['parse']>): unknown {
  try {
    const yaml = parse();
    const { file, value } = yaml;
    const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    return {
      file,
      value,
      places: keys.map((key) => [yaml.locate([key]), yaml.locate([key], { key: true }), yaml.source([key])]),
    };
  } catch (error) {
    return { message: (error as Error).message, location: (error as { location?: unknown }).location };
  }
}

describe('what large pipeline files say', () => {
  it('is the same whether it was parsed or is remembered, mistakes and places included', () => {
    const root = temporaryFolder();
    const written = fc.jsonValue().map((value) => stringify(value));
    const special = fc.constantFrom(
      'a: .nan',
      'a: -0',
      'a: &x {b: 1}\nc: *x',
      'a: 0x1f',
      'a: [1, 2',
      'a: 1\na: 2',
      '<<: {a: 1}\nb: 2',
      '"__proto__": {a: 1}',
      '',
      'a: "\\ud800"',
    );
    fc.assert(
      fc.property(fc.oneof(written, special), (text) => {
        const large = PADDING + text;
        const expected = said(() => parseYamlFile(large, 'pipeline.yaml'));
        expect(said(() => parseOnce(root, large))).toEqual(expected);
        expect(said(() => parseOnce(root, large))).toEqual(expected);
      }),
      { numRuns: runs(60) },
    );
  });

  it('is parsed once, and again where the memory is damaged, of another version or gone', () => {
    const root = temporaryFolder();
    const text = `${PADDING}a: 1\n`;
    parseOnce(root, text);
    const memory = memoryOf(root);
    const { ino } = statSync(memory);
    expect(parseOnce(root, text).value).toEqual({ a: 1 });
    expect(statSync(memory).ino).toBe(ino);
    const content = readFileSync(memory, 'utf8');
    for (const other of [content.replace('"a":1', '"a":2'), '', content.slice(0, -3), '\n{"version":1}']) {
      writeFileSync(memory, other);
      expect(parseOnce(root, text).value).toEqual({ a: 1 });
      expect(readFileSync(memory, 'utf8')).toBe(content);
    }
    rmSync(memory);
    expect(parseOnce(root, text).value).toEqual({ a: 1 });
  });

  it('is remembered of the files that are there, and of no others', () => {
    const root = temporaryFolder();
    parseOnce(root, `${PADDING}a: 1\n`);
    parseOnce(root, `${PADDING}a: 2\n`);
    expect(readFileSync(memoryOf(root), 'utf8')).not.toContain('"a":1');
  });

  it('is no secret where the memory cannot be written', () => {
    const root = temporaryFolder();
    mkdirSync(join(root, '.ocrstore'));
    writeFileSync(join(root, '.ocrstore/index'), 'a file');
    expect(parseOnce(root, `${PADDING}a: 1\n`).value).toEqual({ a: 1 });
    expect(readdirSync(join(root, '.ocrstore'))).toEqual(['index']);
  });

  it('names the place of a mistake in a file that is remembered', () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'pipeline.yaml'), `${PADDING}stages:\n  a: {run: x, outz: [b]}\n`);
    const problems = () => readDefinition(root)!.problems.map(({ code, location }) => ({ code, location }));
    const first = problems();
    expect(first).toMatchObject([{ code: 'unknown-key', location: { file: 'pipeline.yaml', line: 3 } }]);
    expect(problems()).toEqual(first);
  });
});
