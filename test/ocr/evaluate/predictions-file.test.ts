import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { joinPredictions, readPredictions } from '../../../src/ocr/evaluate/predictions-file.js';
import { errorsTsv, predictionsTsv } from '../../../src/ocr/evaluate/report-files.js';
import { scoreReadLine } from '../../../src/ocr/evaluate/scored-line.js';
import { tsvLine } from '../../../src/ocr/formats/tsv.js';
import fc, { runs } from '../../rig/fast-check.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

function fileWith(content: string): string {
  const file = join(temporaryFolder(), 'predictions.tsv');
  writeFileSync(file, content);
  return file;
}

describe('a predictions file', () => {
  it.each([
    ['TSV with a header in any order', 'confidence\tprediction\timage\n0.5\ta\\b\tx.png\n'],
    ['TSV without one, as predict prints', 'x.png\ta\\\\b\t0.5000\n'],
    ['JSON lines', '{"image":"x.png","prediction":"a\\\\b","confidence":0.5}\n'],
  ])('may be %s', (_, content) => {
    expect(readPredictions(fileWith(content))).toMatchObject([
      { image: 'x.png', prediction: 'a\\b', confidence: 0.5 },
    ]);
  });

  it('may hold an empty reading and leave out how sure it is', () => {
    expect(readPredictions(fileWith('x.png\t\n'))).toMatchObject([
      { image: 'x.png', prediction: '', confidence: undefined },
    ]);
  });

  it('may say null, nothing or a word for how sure it is: none of these is 0', () => {
    const confidences = ['null', '""', '"high"', '[]', 'false'];
    const lines = confidences.map(
      (value, index) => `{"image":"${index}","prediction":"a","confidence":${value}}`,
    );
    expect(readPredictions(fileWith(lines.join('\n'))).map(({ confidence }) => confidence)).toEqual(
      confidences.map(() => undefined),
    );
  });

  it('with two predictions for one image is refused with both lines', () => {
    const file = fileWith('x.png\ta\n\ny.png\tb\nx.png\tc\n');
    expect(() => readPredictions(file)).toThrow(
      expect.objectContaining({
        code: 'predictions-twice',
        exitCode: 2,
        message: `${file}:4: a second prediction for x.png (first in line 1)`,
        location: { file, line: 4 },
      }),
    );
  });

  it('with half of a surrogate pair is refused', () => {
    const content = String.raw`{"image":"x.png","prediction":"\ud83d"}`;
    expect(() => readPredictions(fileWith(content))).toThrow(/:1: .*half of a surrogate pair/);
  });

  it('of another program keeps its backslashes', () => {
    expect(readPredictions(fileWith('C:\\images\\new.png\ta\\tb\n'))).toMatchObject([
      { image: 'C:\\images\\new.png', prediction: 'a\\tb' },
    ]);
  });

  it.each([
    ['without a header', 'x.png\t\\nu\ny.png\t\\theta\n'],
    ['with figures like those of predict', 'x.png\t\\nu\t0.9987\ny.png\t\\theta\t0.9000\n'],
    ['with a header', 'image\tprediction\nx.png\t\\nu\ny.png\t\\theta\n'],
    ['with that of a report', 'image\ttext\tprediction\tconfidence\nx.png\t\t\\nu\t1\ny.png\t\t\\theta\t1\n'],
  ])('of another program keeps backslashes that could be escapes, %s', (_, content) => {
    expect(readPredictions(fileWith(content)).map(({ prediction }) => prediction)).toEqual([
      '\\nu',
      '\\theta',
    ]);
  });

  it('of ocrpipe gives back what was read, whatever that is', () => {
    const unit = fc.constantFrom('\\', '\t', '\n', '\r', 't', 'n', 'ß');
    const line = fc.record({
      image: fc.string({ unit, minLength: 1 }).map((name) => `${name}.png`),
      text: fc.string({ unit }),
      prediction: fc.string({ unit }),
      confidence: fc.option(fc.constantFrom(0, 0.25, 1), { nil: undefined }),
    });
    const lines = fc.uniqueArray(line, { minLength: 1, selector: ({ image }) => image });
    fc.assert(
      fc.property(lines, (read) => {
        const scored = read.map(scoreReadLine);
        for (const report of [predictionsTsv(scored), errorsTsv(scored)]) {
          expect(readPredictions(fileWith(report))).toMatchObject(read);
        }
      }),
      { numRuns: runs(50) },
    );
  });

  it('as predict prints it gives back every reading: one line, whatever its characters', () => {
    const unit = fc.constantFrom('\\', 't', 'n', 'r', ' ', 'ß');
    fc.assert(
      fc.property(fc.array(fc.string({ unit }), { minLength: 1 }), (readings) => {
        const printed = readings.map((text, index) => tsvLine([`${index}.png`, text, (0.5).toFixed(4)]));
        const read = readPredictions(fileWith(printed.join('')));
        expect(read.map(({ prediction }) => prediction)).toEqual(readings);
      }),
      { numRuns: runs(50) },
    );
  });

  it('is refused with the line that is wrong', () => {
    expect(() => readPredictions(fileWith('image\tprediction\nx.png\ta\ny.png\n'))).toThrow(
      expect.objectContaining({
        code: 'predictions-syntax',
        location: { file: expect.any(String) as string, line: 3 },
      }),
    );
  });
});

describe('predictions and samples', () => {
  const folder = '/data';
  const samples = ['1/a.png', '2/a.png', '2/b.png'].map((name) => ({
    image: join(folder, name),
    name,
    text: name,
    more: {},
  }));
  const from = { file: join(folder, 'reports/p.tsv'), cwd: folder };

  it('meet by path from the file, by path from the working folder, and by an unambiguous name', () => {
    const predictions = [
      { image: '../1/a.png', prediction: 'one' },
      { image: '2/a.png', prediction: 'two' },
      { image: '/elsewhere/b.png', prediction: 'three' },
      { image: 'not-in-the-data.png', prediction: 'ignored' },
    ];
    expect(joinPredictions(samples, predictions, from).map(({ prediction }) => prediction)).toEqual([
      'one',
      'two',
      'three',
    ]);
  });

  it('do not meet by a name that two of them have', () => {
    const predictions = [
      { image: 'x/a.png', prediction: 'one' },
      { image: 'y/a.png', prediction: 'two' },
      { image: 'y/b.png', prediction: 'three' },
    ];
    expect(() => joinPredictions(samples, predictions, from)).toThrow(
      expect.objectContaining({ code: 'predictions-missing', exitCode: 2 }),
    );
  });

  it('do not meet where two names lead to one image and say different things', () => {
    const predictions = [
      { image: '1/a.png', prediction: 'one' },
      { image: '../1/a.png', prediction: 'another' },
    ];
    expect(() => joinPredictions(samples.slice(0, 1), predictions, from)).toThrow(
      expect.objectContaining({ code: 'predictions-twice', exitCode: 2 }),
    );
  });

  it('need a prediction for every sample', () => {
    expect(() => joinPredictions(samples, [{ image: '1/a.png', prediction: 'one' }], from)).toThrow(
      /2 images/,
    );
  });
});
