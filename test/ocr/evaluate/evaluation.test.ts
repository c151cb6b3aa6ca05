import { describe, expect, it } from 'vitest';
import { evaluateLines } from '../../../src/ocr/evaluate/evaluation.js';
import { confusionsTsv, errorsTsv, predictionsTsv } from '../../../src/ocr/evaluate/report-files.js';
import { tableRows } from '../../../src/ocr/formats/own-tables.js';
import { escapeTsv, tsvLine, tsvRows, unescapeTsv } from '../../../src/ocr/formats/tsv.js';
import { scoreLines } from '../../../src/ocr/text/metrics.js';
import fc from '../../rig/fast-check.js';

const lines = [
  { image: 'a.png', text: 'O0O1', prediction: '0001', confidence: 0.5 },
  { image: 'b.png', text: 'OK', prediction: '0K', confidence: 0.25 },
  { image: 'c.png', text: 'fine', prediction: 'fine', confidence: 1 },
  { image: 'd.png', text: 'ab', prediction: 'b' },
  { image: 'e.png', text: 'x', prediction: 'x y' },
];

function cellsOf(table: string): (readonly string[])[] {
  return tableRows(table).map(({ cells }) => cells);
}

describe('an evaluation', () => {
  const evaluation = evaluateLines(lines);

  it('has the metrics of its lines', () => {
    expect(evaluation.metrics).toEqual(
      scoreLines(lines.map(({ text, prediction }) => ({ truth: text, prediction }))),
    );
    expect(evaluation.metrics).toMatchObject({ count: 5, exact: 0.2, cer: 6 / 13 });
  });

  it('lists the lines with errors, worst first', () => {
    expect(evaluation.errors.map(({ image, edits }) => [image, edits])).toEqual([
      ['a.png', 2],
      ['e.png', 2],
      ['b.png', 1],
      ['d.png', 1],
    ]);
  });

  it('counts each confused pair, what was left out and what was made up', () => {
    expect(evaluation.confusions).toEqual([
      { kind: 'substituted', truth: 'O', prediction: '0', count: 3 },
      { kind: 'made-up', truth: '', prediction: ' ', count: 1 },
      { kind: 'made-up', truth: '', prediction: 'y', count: 1 },
      { kind: 'left-out', truth: 'a', prediction: '', count: 1 },
    ]);
  });

  it('keeps the 20 most frequent pairs', () => {
    const many = Array.from({ length: 30 }, (_, index) => ({
      image: `${index}`,
      text: String.fromCodePoint(0x4e00 + index).repeat(index + 1),
      prediction: 'z'.repeat(index + 1),
    }));
    const { confusions } = evaluateLines(many);
    expect(confusions.map(({ count }) => count)).toEqual(
      Array.from({ length: 20 }, (_, index) => 30 - index),
    );
  });

  it('writes tables whose cells can be read back', () => {
    expect(cellsOf(predictionsTsv(evaluation.lines)).slice(0, 2)).toEqual([
      ['image', 'text', 'prediction', 'confidence'],
      ['a.png', 'O0O1', '0001', '0.5000'],
    ]);
    expect(cellsOf(errorsTsv(evaluation.errors))[4]).toEqual(['d.png', 'ab', 'b', '', '1', '0.5000']);
    expect(confusionsTsv(evaluation.confusions).split('\n').slice(0, 2)).toEqual([
      'kind\ttruth\tprediction\tcount',
      'substituted\tO\t0\t3',
    ]);
  });
});

describe('TSV', () => {
  const cell = fc.string({ unit: fc.constantFrom('\\', '\t', '\n', '\r', 'n', 't', 'ä', ' ', '皖') });

  it('gives every cell back', () => {
    fc.assert(
      fc.property(cell, (text) => {
        expect(escapeTsv(text)).not.toMatch(/[\t\n\r]/);
        expect(unescapeTsv(escapeTsv(text))).toBe(text);
      }),
    );
  });

  it('gives every row back', () => {
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 4 })), (rows) => {
        const lines = tsvRows(rows.map((row) => tsvLine(['x', ...row])).join(''));
        expect(lines.map(({ cells }) => cells.map(unescapeTsv))).toEqual(rows.map((row) => ['x', ...row]));
      }),
    );
  });
});
