import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellQuote } from '../../src/base/shell-quote.js';
import fc from '../rig/fast-check.js';

test('plain paths stay as they are, others are quoted, none is a flag', () => {
  expect(
    ['data/raw', 'a-b_c.d', 'ä/日本', 'a b', '-x', "it's", '~', '', '$HOME', '"q"', "it's $1"].map(
      shellQuote,
    ),
  ).toEqual([
    'data/raw',
    'a-b_c.d',
    'ä/日本',
    '"a b"',
    './-x',
    `"it's"`,
    '"~"',
    '""',
    `'$HOME'`,
    `'"q"'`,
    `'it'\\''s $1'`,
  ]);
});

function readBack(shell: string, paths: readonly string[]): string[] {
  const script = `printf '%s\\0' ${paths.map(shellQuote).join(' ')}`;
  return execFileSync(shell, ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

function asTyped(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}

test('a shell reads back every path', () => {
  const paths = fc
    .sample(fc.string({ minLength: 1, unit: 'grapheme' }), 200)
    .filter((path) => !/\p{Cc}/u.test(path));
  expect(readBack('/bin/sh', paths)).toEqual(paths.map(asTyped));
});

test('one that would steer a terminal is written without what does, and read back by bash', () => {
  const parts = fc.constantFrom(
    '\n',
    '\t',
    '\r',
    '\u001b[2J',
    '\u0085',
    '\u007f',
    "'",
    '\\',
    'a',
    '7',
    'é',
    '-',
  );
  const paths = fc
    .sample(fc.array(parts, { minLength: 1 }), 200)
    .map((each) => each.join(''))
    .filter((path) => /\p{Cc}/u.test(path));
  expect(paths.map(shellQuote).filter((quoted) => /\p{Cc}/u.test(quoted))).toEqual([]);
  expect(readBack('bash', paths)).toEqual(paths.map(asTyped));
  expect(shellQuote('two\nlines')).toBe("$'two\\nlines'");
});
