import { expect, it } from 'vitest';
import { PackedStrings } from '../../src/base/packed-strings.js';
import fc from '../rig/fast-check.js';

function packed(texts: readonly string[]): PackedStrings {
  const list = new PackedStrings();
  for (const [index, text] of texts.entries()) expect(list.push(text)).toBe(index);
  return list;
}

const unpacked = (list: PackedStrings): string[] =>
  Array.from({ length: list.length }, (_, index) => list.get(index));

it('gives back what it was given', () => {
  const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 50 });
  fc.assert(
    fc.property(texts, (all) => {
      expect(unpacked(packed(all))).toEqual(all);
    }),
  );
});

it('holds more than a page of them, and strings longer than a page among them', () => {
  const long = 'ſüß 京'.repeat(60_000);
  const texts = Array.from({ length: 30_000 }, (_, index) =>
    index % 10_000 === 5 ? `${index}${long}` : `lines/${index}.png`,
  );
  expect(unpacked(packed(texts))).toEqual(texts);
});

it('has no string beyond its last', () => {
  expect(() => packed(['a']).get(1)).toThrow(RangeError);
});

it('replaces half of a surrogate pair', () => {
  expect(packed(['a\ud83db']).get(0)).toBe('a\ufffdb');
});
