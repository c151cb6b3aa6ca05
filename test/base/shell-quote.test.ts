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

test('a shell reads back every path', () => {
  const paths = fc
    .sample(fc.string({ minLength: 1, unit: 'grapheme' }), 200)
    .filter((path) => !path.includes('\0'));
  const script = `printf '%s\\0' ${paths.map(shellQuote).join(' ')}`;
  const read = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
  expect(read).toEqual(paths.map((path) => (path.startsWith('-') ? `./${path}` : path)));
});
