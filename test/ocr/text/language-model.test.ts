import { describe, expect, it } from 'vitest';
import {
  LanguageModel,
  languageModelSchema,
  learnLanguageModel,
} from '../../../src/ocr/text/language-model.js';
import fc from '../../rig/fast-check.js';
import { readGolden } from '../nn/support.js';

const golden = readGolden('decoding.json') as {
  alphabet: string[];
  texts: string[];
  language: { order: number; cases: { before: string; probabilities: number[] }[] }[];
};

function probabilitiesAfter(model: LanguageModel, alphabet: readonly string[], text: string): number[] {
  let context = model.start;
  for (const character of Array.from(text)) context = model.after(context, alphabet.indexOf(character));
  return Array.from(model.lnProbabilities(context), Math.exp);
}

describe('a language model', () => {
  it.each(golden.language)(
    'has the probabilities of another implementation at order $order',
    ({ order, cases }) => {
      const data = learnLanguageModel(
        golden.texts.map((text) => Array.from(text)),
        order,
      );
      const model = new LanguageModel(data, golden.alphabet);
      for (const { before, probabilities } of cases) {
        const found = probabilitiesAfter(model, golden.alphabet, before);
        found.forEach((probability, label) => {
          expect(probability).toBeCloseTo(probabilities[label]!, 9);
        });
      }
    },
  );

  it('gives every character a chance, and all together 1, also behind texts that were never seen', () => {
    const alphabet = ['a', 'b', '京', '😀'];
    const text = fc.array(fc.constantFrom(...alphabet), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 8 }),
        text,
        fc.integer({ min: 1, max: 5 }),
        (texts, before, order) => {
          const data = languageModelSchema.parse(
            JSON.parse(JSON.stringify(learnLanguageModel(texts, order))),
          );
          const found = probabilitiesAfter(new LanguageModel(data, alphabet), alphabet, before.join(''));
          expect(found.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
          expect(Math.min(...found)).toBeGreaterThan(0);
        },
      ),
    );
  });

  it('is the same whatever the order of the texts', () => {
    const texts = golden.texts.map((text) => Array.from(text));
    expect(learnLanguageModel([...texts].reverse(), 3)).toEqual(learnLanguageModel(texts, 3));
  });
});
