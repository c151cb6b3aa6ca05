import { describe, expect, it } from 'vitest';
import { consensus } from '../../../src/ocr/text/consensus.js';

/** Likes each character that stands where `wanted` has it, and nothing beyond. */
function likeness(wanted: string): (text: string) => number {
  return (text) =>
    Array.from(wanted).filter((character, at) => text[at] === character).length -
    Math.abs(text.length - wanted.length);
}

describe('the consensus of readings', () => {
  it.each([
    [
      'each place from the reading that has it right',
      'Reichsdeputation',
      ['Reichsdcputation', 'Rcichsdeputatlon'],
    ],
    ['a character that one left out', 'genannt', ['genant', 'gcnannt']],
    ['a character that one made up', 'wenig', ['wennig', 'vvenig', 'wenlg']],
    ['several characters that stand together', 'Schiff', ['Scbfff', 'Schiss', 'Zchiff']],
    ['both ends', 'abc', ['xbc', 'abx', 'xb']],
  ])('has %s', (_, wanted, readings) => {
    expect(consensus(readings, likeness(wanted))).toBe(wanted);
  });

  it('is the best reading where nothing put together is better', () => {
    expect(consensus(['ab', 'cd', 'ad'], (text) => Number(text === 'cd'))).toBe('cd');
  });

  it('is the first of readings that score alike', () => {
    expect(consensus(['one', 'two'], () => 0)).toBe('one');
    expect(consensus(['', 'a'], () => -Infinity)).toBe('');
  });

  it('asks about each text once', () => {
    const asked: string[] = [];
    consensus(['abc', 'abd', 'xbc', 'abc'], (text) => {
      asked.push(text);
      return likeness('xbd')(text);
    });
    expect(asked.toSorted()).toEqual(['abc', 'abd', 'xbc', 'xbd']);
  });

  it('asks about a few hundred texts at the most, however little readings have in common', () => {
    const readings = ['abcd', 'efgh', 'ijkl', 'mnop'].map((letters) => letters.repeat(250));
    let asked = 0;
    const text = consensus(readings, (reading) => {
      asked += 1;
      return likeness(readings[3]!)(reading);
    });
    expect(asked).toBeLessThanOrEqual(500);
    expect(text).toBe(readings[3]);
  });

  it('takes a change only where it helps another that was made before', () => {
    // 'y' alone is worse, 'xy' is best: found once 'x' is in.
    const scores: Record<string, number> = { a_b: 1, x_b: 2, a_y: 0, x_y: 3 };
    expect(consensus(['a_b', 'a_y', 'x_b'], (text) => scores[text] ?? -1)).toBe('x_y');
  });
});
