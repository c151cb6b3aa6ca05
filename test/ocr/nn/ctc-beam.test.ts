import { describe, expect, it } from 'vitest';
import { ctcBeamDecode } from '../../../src/ocr/nn/ctc-beam.js';
import type { CtcReading } from '../../../src/ocr/nn/ctc-decode.js';
import type { PrefixGuide } from '../../../src/ocr/nn/prefix-guide.js';
import { readingGuide } from '../../../src/ocr/models/reading-guides.js';
import { LanguageModel, learnLanguageModel } from '../../../src/ocr/text/language-model.js';
import fc from '../../rig/fast-check.js';
import { labelsOf, probabilitiesOfTexts, someScores, type SomeScores } from './every-path.js';
import { readGolden } from './support.js';

const golden = readGolden('decoding.json') as {
  alphabet: string[];
  lines: { time: number; classes: number; logits: number[]; text: string; lnProbability: number }[];
};

function read(line: SomeScores, guide?: PrefixGuide, beam = 5000): CtcReading {
  return ctcBeamDecode({ ...line, batch: 1 }, { beam, guide, leastProbability: 0 })[0]!;
}

describe('prefix beam search', () => {
  it('finds the text whose ways through the frames have the greatest sum, and that sum', () => {
    fc.assert(
      fc.property(someScores, (line) => {
        const texts = probabilitiesOfTexts(line);
        const { labels, logProbability } = read(line);
        expect(Math.exp(logProbability)).toBeCloseTo(texts.get(labels.join(' '))!, 9);
        expect(Math.exp(logProbability)).toBeCloseTo(Math.max(...texts.values()), 9);
      }),
    );
  });

  it('reads as another implementation does, with the same probability', () => {
    for (const { text, lnProbability, ...line } of golden.lines) {
      const reading = read({ ...line, logits: Float32Array.from(line.logits) });
      expect(reading.labels.map((label) => golden.alphabet[label]).join('')).toBe(text);
      expect(reading.logProbability).toBeCloseTo(lnProbability, 5);
    }
  });

  it('adds what the language model says of each text', () => {
    const alphabet = ['a', 'b', 'c'];
    const data = learnLanguageModel([['a', 'b'], ['a', 'b', 'b'], ['c']], 3);
    const model = new LanguageModel(data, alphabet);
    const how = { weight: 0.7, bonus: 0.3 };
    const file = { file: '', id: '', ...how };
    const guide = readingGuide({ type: 'ctc-beam', beam: 5, languageModel: file }, alphabet, data);
    const scoreOf = (labels: readonly number[]): number => {
      let context = model.start;
      let sum = 0;
      for (const label of labels) {
        sum += how.weight * model.lnProbabilities(context)[label]! + how.bonus;
        context = model.after(context, label);
      }
      return sum + how.weight * model.lnProbabilities(context)[alphabet.length]!;
    };
    const ofFour = someScores.filter(({ classes }) => classes === 4);
    fc.assert(
      fc.property(ofFour, (line) => {
        const scored = [...probabilitiesOfTexts(line)].map(
          ([key, probability]) => Math.log(probability) + scoreOf(labelsOf(key)),
        );
        const { labels, logProbability } = read(line, guide);
        expect(logProbability + scoreOf(labels)).toBeCloseTo(Math.max(...scored), 9);
      }),
    );
  });

  it('reads the most probable of the texts that match a pattern, and nothing where none fits', () => {
    const alphabet = ['a', 'b', 'c'];
    const ofFour = someScores.filter(({ classes }) => classes === 4);
    const patterns = fc.constantFrom('a(b|c)', 'aa', '[ab]+c?', 'abc', 'aaa|c', '(ab){1,2}');
    fc.assert(
      fc.property(ofFour, patterns, fc.constantFrom(1, 5000), (line, pattern, beam) => {
        const guide = readingGuide({ type: 'ctc-beam', beam, pattern }, alphabet, undefined);
        const expression = new RegExp(`^(?:${pattern})$`);
        const textOf = (labels: readonly number[]): string => labels.map((label) => alphabet[label]).join('');
        const allowed = [...probabilitiesOfTexts(line)].filter(([key]) =>
          expression.test(textOf(labelsOf(key))),
        );
        const { labels, logProbability } = read(line, guide, beam);
        if (allowed.length === 0) {
          expect([labels, logProbability]).toEqual([[], -Infinity]);
          return;
        }
        expect(textOf(labels)).toMatch(expression);
        const best = Math.max(...allowed.map(([, probability]) => probability));
        if (beam > 1) expect(Math.exp(logProbability)).toBeCloseTo(best, 9);
      }),
    );
  });

  it('tells where each label stands, and how sure it is there', () => {
    const frames = [
      [0.6, 0.1, 0.3],
      [0.9, 0.05, 0.05],
      [0.1, 0.1, 0.8],
      [0.7, 0.1, 0.2],
      [0.1, 0.8, 0.1],
    ];
    const logits = Float32Array.from(frames.flat(), Math.log);
    const reading = read({ logits, time: 5, classes: 3 });
    expect(reading.labels).toEqual([0, 0, 1]);
    expect(reading.frames).toEqual([1, 3, 4]);
    reading.confidences.forEach((value, place) => {
      expect(value).toBeCloseTo([0.9, 0.7, 0.8][place]!, 6);
    });
  });

  it('reads each item of a batch up to its own length, whatever stands beside it', () => {
    const line = golden.lines.find(({ time, classes }) => time === 6 && classes === 4)!;
    const short = Float32Array.from([...line.logits.slice(0, 12), ...new Array<number>(12).fill(9)]);
    const logits = Float32Array.from([...line.logits, ...short]);
    const outputs = { logits, batch: 2, time: 6, classes: 4, logitLengths: [6, 3] };
    const both = ctcBeamDecode(outputs, { beam: 50 });
    const alone = ctcBeamDecode(
      { logits: short.subarray(0, 12), batch: 1, time: 3, classes: 4 },
      { beam: 50 },
    );
    expect(both[1]).toEqual(alone[0]);
  });
});
