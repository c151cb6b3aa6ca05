import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ocrpipeJson, runOcrpipe } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** Drawn lines in `data/lines` of a folder that all tests read. */
const shared: { cwd: string } = { cwd: '' };

beforeAll(async () => {
  shared.cwd = temporaryFolder(afterAll);
  const drawn = await ocrpipeJson<{ count: number }>(
    ['synth', '--out', 'data/lines', '--count', '30', '--seed', '1'],
    shared,
  );
  expect(drawn.count).toBe(30);
});

describe('convert', () => {
  it('prints format, count and three examples, and nothing on stderr when quiet', async () => {
    const { stdout, stderr, exitCode } = await runOcrpipe(
      ['convert', 'data/lines', '--out', 'all.jsonl', '--quiet'],
      shared,
    );
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    const [first, ...examples] = stdout.trimEnd().split('\n');
    expect(first).toBe('labels-json: 30 samples written to all.jsonl');
    expect(examples).toHaveLength(3);
    expect(examples[0]).toMatch(/^ {2}images\/000001\.png {2}[0-9A-Z]{5,10}$/);
  });

  it('gives a script the same as one document', async () => {
    const result = await ocrpipeJson<Record<string, unknown>>(
      ['convert', 'data/lines', '--out', 'all.jsonl'],
      shared,
    );
    expect(result).toMatchObject({ format: 'labels-json', out: 'all.jsonl', count: 30, skipped: [] });
  });

  it.each([
    ['label-file-empty', { 'a.gt.txt': '', 'a.png': 'x' }],
    ['image-unreadable', { 'a.gt.txt': 'a', 'a.png': 'no image' }],
    ['format-not-named', { 'holiday.png': 'x' }],
  ])('ends with exit code 2 and changes nothing: %s', async (code, files) => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'raw'));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, 'raw', name), content);
    const { stdout, stderr, exitCode } = await runOcrpipe(['convert', 'raw', '--out', 'all.jsonl'], { cwd });
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toContain(`[${code}]`);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(readdirSync(cwd)).toEqual(['raw']);
  });
});

describe('a seed', () => {
  it.each(['train --train a --val a --out m', 'split data/lines --out parts', 'synth --out drawn'])(
    'too large to be kept exactly is refused, not rounded: %s',
    async (command) => {
      const args = [...command.split(' '), '--seed', '9007199254740993'];
      const { stderr, exitCode } = await runOcrpipe(args, shared);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/--seed.* 9007199254740991, not '9007199254740993' \[bad-number\]/);
      expect(readdirSync(shared.cwd)).not.toContain('drawn');
    },
  );
});

describe('what nobody could read', () => {
  it.each([
    ['--size 0', /--size is a percentage .* from 20 to 150, not '0'/],
    ['--size 5..50', /from 20 to 150, not '5..50'/],
    ['--size 80..160', /from 20 to 150, not '80..160'/],
    ['--noise 256', /--noise is a whole number .*255, not '256'/],
  ])('is not drawn: %s', async (flags, message) => {
    const args = ['synth', '--out', 'unreadable', ...flags.split(' ')];
    const { stderr, exitCode } = await runOcrpipe(args, shared);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
    expect(readdirSync(shared.cwd)).not.toContain('unreadable');
  });
});

describe('split', () => {
  it('refuses shares that do not make 1 and writes nothing', async () => {
    const { stderr, exitCode } = await runOcrpipe(
      ['split', 'data/lines', '--out', 'parts', '--share', 'a=0.5,b=0.4'],
      shared,
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain('[bad-share]');
    expect(readdirSync(shared.cwd)).not.toContain('parts');
  });

  it('gives the same bytes for the same seed', async () => {
    for (const out of ['one', 'two']) {
      await ocrpipeJson(
        ['split', 'data/lines', '--out', out, '--share', 'a=0.5,b=0.5', '--seed', '7'],
        shared,
      );
    }
    const bytes = (name: string) => readFileSync(join(shared.cwd, name), 'utf8');
    expect(bytes('one/a.jsonl')).toBe(bytes('two/a.jsonl'));
  });
});

describe('synth', () => {
  it('shows the beginning of lines that are long', async () => {
    const command = ['synth', '--out', 'long', '--count', '1', '--length', '500..600'];
    const { stdout } = await runOcrpipe(command, shared);
    expect(stdout).toMatch(/\n {2}images\/000001\.png {2}[0-9A-Z]{59}…\n/);
  });

  it('fails by name where a font lacks a character, and draws nothing', async () => {
    const { stderr, exitCode } = await runOcrpipe(['synth', '--out', 'boxes', '--alphabet', 'A皖'], shared);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("'皖' (U+7696) [font-lacks-character]");
    expect(readdirSync(shared.cwd)).not.toContain('boxes');
  });
});
