import { describe, expect, it } from 'vitest';
import { BeamSearch } from '../../../src/ocr/models/beam-search.js';
import type { LabelReading } from '../../../src/ocr/models/network.js';
import { readingGuide } from '../../../src/ocr/models/reading-guides.js';
import type { PrefixGuide } from '../../../src/ocr/nn/prefix-guide.js';
import { randomFrom } from '../../../src/base/random.js';
import fc from '../../rig/fast-check.js';

const ALPHABET = ['a', 'b', 'c'];
const END = ALPHABET.length;
const CLASSES = END + 1;
const MAX_LENGTH = 4;
const PATTERNS = ['a(b|c)', 'aa', '[ab]+c?', 'abc', 'aaa|c', '(ab){1,2}', 'a?', 'b.*'];

/** What a decoder says of the class behind a text: different for each text. */
function logitsAfter(seed: number, text: string): Float32Array {
  const random = randomFrom(seed, 'logits', text);
  return Float32Array.from({ length: CLASSES }, () => random.between(-3, 3));
}

function lnProbabilities(seed: number, text: string): number[] {
  const values = [...logitsAfter(seed, text)];
  const sum = Math.log(values.reduce((all, value) => all + Math.exp(value), 0));
  return values.map((value) => value - sum);
}

/** Reads with a decoder that is known by its texts, as the network does: each row goes on with the state of its parent. */
function read(seed: number, beam: number, guide: PrefixGuide | undefined): LabelReading {
  const search = new BeamSearch({ items: 1, beam, end: END, maxLength: MAX_LENGTH, guide });
  let texts = new Array<string>(beam).fill('');
  for (let first = true; !search.isDone; first = false) {
    const last = search.characters(END);
    if (!first) texts = texts.map((text, row) => text + (ALPHABET[last[row]!] ?? ''));
    const logits = new Float32Array(texts.flatMap((text) => [...logitsAfter(seed, text)]));
    const parents = search.advance(logits, CLASSES);
    texts = parents.map((parent) => texts[parent]!);
  }
  return search.best()[0]!;
}

/** The mean ln-probability of the characters and the end of every text that matches. */
function bruteForce(seed: number, pattern: RegExp): Map<string, number> {
  const found = new Map<string, number>();
  const visit = (text: string, lnProbability: number): void => {
    const next = lnProbabilities(seed, text);
    if (pattern.test(text)) found.set(text, (lnProbability + next[END]!) / (text.length + 1));
    if (text.length === MAX_LENGTH) return;
    ALPHABET.forEach((character, label) => {
      visit(text + character, lnProbability + next[label]!);
    });
  };
  visit('', 0);
  return found;
}

const textOf = ({ labels }: LabelReading): string => labels.map((label) => ALPHABET[label]).join('');

describe('the beam of a decoder with attention, held to a pattern', () => {
  it('finds the best of all texts that match, and with any beam one that matches', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.constantFrom(...PATTERNS), (seed, pattern) => {
        const expression = new RegExp(`^(?:${pattern})$`);
        const texts = bruteForce(seed, expression);
        for (const beam of [1, 3, 400]) {
          const guide = readingGuide({ type: 'attention', beam, pattern }, ALPHABET, undefined);
          const reading = read(seed, beam, guide);
          expect(textOf(reading)).toMatch(expression);
          expect(Math.log(reading.confidence)).toBeCloseTo(texts.get(textOf(reading))!, 5);
          if (beam === 400) expect(Math.log(reading.confidence)).toBeCloseTo(Math.max(...texts.values()), 5);
        }
      }),
    );
  });

  it('reads nothing where no text that matches is short enough', () => {
    const guide = readingGuide({ type: 'attention', beam: 3, pattern: 'a{5}' }, ALPHABET, undefined);
    expect(read(1, 3, guide)).toEqual({ labels: [], confidences: [], confidence: 0 });
  });

  it('finds the best of all texts without a pattern', () => {
    fc.assert(
      fc.property(fc.nat(1e6), (seed) => {
        const texts = bruteForce(seed, /^/);
        const { confidence } = read(seed, 400, undefined);
        expect(Math.log(confidence)).toBeCloseTo(Math.max(...texts.values()), 5);
      }),
    );
  });
});
