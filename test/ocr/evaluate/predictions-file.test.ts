import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { joinPredictions, readPredictions } from '../../../src/ocr/evaluate/predictions-file.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

function fileWith(content: string): string {
  const file = join(temporaryFolder(), 'predictions.tsv');
  writeFileSync(file, content);
  return file;
}

describe('a predictions file', () => {
  it.each([
    ['TSV with a header in any order', 'confidence\tprediction\timage\n0.5\ta\\tb\tx.png\n'],
    ['TSV without one, as predict prints', 'x.png\ta\\tb\t0.5\n'],
    ['JSON lines', '{"image":"x.png","prediction":"a\\tb","confidence":0.5}\n'],
  ])('may be %s', (_, content) => {
    expect(readPredictions(fileWith(content))).toEqual([
      { image: 'x.png', prediction: 'a\tb', confidence: 0.5 },
    ]);
  });

  it('may hold an empty reading and leave out how sure it is', () => {
    expect(readPredictions(fileWith('x.png\t\n'))).toEqual([{ image: 'x.png', prediction: '' }]);
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

  it('need a prediction for every sample', () => {
    expect(() => joinPredictions(samples, [{ image: '1/a.png', prediction: 'one' }], from)).toThrow(
      /2 images/,
    );
  });
});
