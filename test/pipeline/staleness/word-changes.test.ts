import { describe, expect, it } from 'vitest';
import { wordChanges } from '../../../src/pipeline/staleness/word-changes.js';
import fc from '../../rig/fast-check.js';

const words = fc
  .array(fc.constantFrom('a', 'b', 'c', '--lr', '0.1'), { maxLength: 12 })
  .map((list) => list.join(' '));

describe('wordChanges', () => {
  it('says which words went and which came', () => {
    expect(wordChanges('train --lr 0.1 --out m', 'train --lr 0.2 --out m --fast')).toEqual([
      { change: 'same', words: 'train --lr' },
      { change: 'removed', words: '0.1' },
      { change: 'added', words: '0.2' },
      { change: 'same', words: '--out m' },
      { change: 'added', words: '--fast' },
    ]);
  });

  it('gives both texts back, and marks nothing where they are equal', () => {
    fc.assert(
      fc.property(words, words, (old, now) => {
        const changes = wordChanges(old, now);
        const side = (left: string): string =>
          changes
            .filter(({ change }) => change !== left)
            .map((each) => each.words)
            .join(' ');
        expect(side('added')).toBe(old);
        expect(side('removed')).toBe(now);
        if (old === now) expect(changes.every(({ change }) => change === 'same')).toBe(true);
      }),
    );
  });
});
