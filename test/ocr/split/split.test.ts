import { describe, expect, it } from 'vitest';
import { parseShares } from '../../../src/ocr/split/shares.js';
import { splitSamples, type Part } from '../../../src/ocr/split/split.js';
import type { Sample } from '../../../src/ocr/formats/sample.js';
import fc from '../../rig/fast-check.js';

const shares = parseShares('train=0.7,val=0.15,test=0.15');

function sample(name: string, text: string, more: Sample['more'] = {}): Sample {
  return { image: `/data/${name}`, name, text, more };
}

const samples = fc
  .array(
    fc.record({
      image: fc.nat(400),
      text: fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 6 }),
    }),
    {
      minLength: 150,
      maxLength: 300,
    },
  )
  .map((rows) => rows.map(({ image, text }) => sample(`${image}.png`, text)));

/** The parts, or undefined where there were too few groups. */
function tryToSplit(
  given: readonly Sample[],
  options: { seed?: number; group?: string; stable?: boolean } = {},
): Part[] | undefined {
  try {
    return splitSamples(given, { shares, seed: 7, group: 'text', stable: false, ...options });
  } catch (error) {
    expect(error).toMatchObject({ code: 'split-empty-part', exitCode: 2 });
    return undefined;
  }
}

describe('a split', () => {
  it('holds every sample once, and no text and no image in two parts', () => {
    fc.assert(
      fc.property(samples, fc.boolean(), (given, stable) => {
        const parts = tryToSplit(given, { stable }) ?? [];
        if (parts.length === 0) return;
        expect(parts.flatMap((part) => part.samples)).toHaveLength(given.length);
        for (const key of ['text', 'image'] as const) {
          const seen = parts.map((part) => new Set(part.samples.map((each) => each[key])));
          const union = new Set(seen.flatMap((set) => [...set]));
          expect(seen.reduce((sum, set) => sum + set.size, 0)).toBe(union.size);
        }
      }),
    );
  });

  it('does not depend on the order of the samples', () => {
    fc.assert(
      fc.property(samples, fc.boolean(), (given, stable) => {
        expect(tryToSplit([...given].reverse(), { stable })).toEqual(tryToSplit(given, { stable }));
      }),
    );
  });

  const many = Array.from({ length: 1000 }, (_, index) => sample(`${index}.png`, `text ${index}`));

  it('has exactly the shares asked for where every sample is a group of its own', () => {
    expect(tryToSplit(many)?.map((part) => part.samples.length)).toEqual([700, 150, 150]);
  });

  it('is another one for another seed', () => {
    expect(tryToSplit(many, { seed: 8 })).not.toEqual(tryToSplit(many));
  });

  it('keeps every sample in its part when data is added, if it is to be stable', () => {
    const before = tryToSplit(many.slice(0, 600), { stable: true })!;
    const after = tryToSplit(many, { stable: true })!;
    for (const [index, part] of before.entries()) {
      expect(after[index]!.samples).toEqual(expect.arrayContaining([...part.samples]));
    }
    expect(after[0]!.samples.length).toBeGreaterThan(650);
    expect(after[0]!.samples.length).toBeLessThan(750);
  });

  it('keeps texts together that differ in their Unicode form alone', () => {
    const given = many.flatMap((each) => [
      sample(`a${each.name}`, `${each.text} ế`.normalize('NFC')),
      sample(`b${each.name}`, `${each.text} ế`.normalize('NFD')),
    ]);
    const [train] = tryToSplit(given)!;
    const names = new Set(train!.samples.map(({ name }) => name));
    for (const name of names) expect(names).toContain((name.startsWith('a') ? 'b' : 'a') + name.slice(1));
  });

  it('groups by any key of the manifest, and says so when a sample lacks it', () => {
    const given = many.map((each, index) => ({ ...each, more: { writer: index % 50 } }));
    const parts = tryToSplit(given, { group: 'writer' })!;
    const writers = parts.map((part) => new Set(part.samples.map(({ more }) => more['writer'])));
    expect(writers.reduce((sum, set) => sum + set.size, 0)).toBe(50);
    expect(() => splitSamples(many, { shares, seed: 1, group: 'writer', stable: false })).toThrow(
      expect.objectContaining({ code: 'split-group-missing', exitCode: 2 }),
    );
  });

  it('refuses to leave a part empty', () => {
    expect(tryToSplit(many.slice(0, 2))).toBeUndefined();
  });
});

describe('shares', () => {
  it('are read with their names', () => {
    expect(parseShares('train=0.5, rest=0.5')).toEqual([
      { name: 'train', share: 0.5 },
      { name: 'rest', share: 0.5 },
    ]);
  });

  it.each([
    'train=0.8,val=0.1',
    'train=0.8,train=0.2',
    'a=1.2,b=-0.2',
    'a=1,b=0',
    'a',
    'a=x',
    '../a=1',
    'a=0.5=0.5',
    '',
  ])('refuse %j', (text) => {
    expect(() => parseShares(text)).toThrow(expect.objectContaining({ code: 'bad-share', exitCode: 2 }));
  });

  it.each([
    ['80,10,10', "'80' says no name: each part is NAME=SHARE", 'train=0.8,val=0.1,test=0.1'],
    ['90%,10%', "'90%' says no name: each part is NAME=SHARE", 'train=0.9,test=0.1'],
    ['a=80,b=20', "the share of 'a' is 80, and all of the data is 1", 'a=0.8,b=0.2'],
    ['a=1,b', "'b' says no name: each part is NAME=SHARE", 'train=0.8,val=0.1,test=0.1'],
    ['a=1,b=', "the share of 'b' is not a number between 0 and 1", 'train=0.8,val=0.1,test=0.1'],
  ])('say of %j what is wrong, and how it is meant', (text, reason, written) => {
    expect(() => parseShares(text)).toThrow(
      expect.objectContaining({
        message: `'${text}' cannot be a split: ${reason}`,
        hint: `Write it as ${written}.`,
      }),
    );
  });
});
