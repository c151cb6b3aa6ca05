import { describe, expect, it } from 'vitest';
import { textTable } from '../../src/cli/table.js';
import { cutToWidth, textWidth } from '../../src/cli/text-width.js';

describe('a table', () => {
  it('has its numbers point under point', () => {
    const rows = [
      ['exact', '0.91'],
      ['cer', '12.5'],
      ['count', '500'],
      ['gone', '-'],
      ['lr', '1.5e-7'],
    ];
    expect(textTable(rows, ['key', 'value']).split('\n')).toEqual([
      'key       value',
      'exact    0.91',
      'cer     12.5',
      'count  500',
      'gone     -',
      'lr       1.5e-7',
    ]);
  });

  it('is nothing without rows', () => {
    expect(textTable([])).toBe('');
  });

  it('lines up wide, combining and joined characters', () => {
    const rows = [
      ['京都', 'a'],
      ['Tie\u0302\u0301ng', 'b'],
      ['👨‍👩‍👧', 'c'],
      ['한국어', 'd'],
    ];
    const lines = textTable(rows).split('\n');
    expect(lines).toEqual(['京都    a', 'Tie\u0302\u0301ng   b', '👨‍👩‍👧      c', '한국어  d']);
    expect(new Set(lines.map(textWidth))).toEqual(new Set([9]));
  });

  it('lines up a column that is missing in some rows', () => {
    expect(textTable([['a'], ['bb', 'x']])).toBe('a\nbb  x');
  });
});

describe('a text cut to a width', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['京都大学', 5, '京都…'],
    ['京都大学', 6, '京都…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['ab cd', 4, 'ab…'],
    ['abc', 0, '…'],
  ])('%j at %d columns is %j', (text, width, cut) => {
    expect(cutToWidth(text, width)).toBe(cut);
  });
});
