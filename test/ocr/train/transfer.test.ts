import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EventSink } from '../../../src/base/events.js';
import { readDescription } from '../../../src/ocr/models/model-description.js';
import type { NamedArray } from '../../../src/ocr/models/variables.js';
import { train } from '../../../src/ocr/train/train.js';
import { transferWeights } from '../../../src/ocr/train/transfer.js';
import fc from '../../rig/fast-check.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines } from './drawn-lines.js';
import { curve, job, LABELS, settings } from './training-jobs.js';

function array(name: string, shape: number[], value: (at: number) => number): NamedArray {
  const size = shape.reduce((product, side) => product * side, 1);
  return { name, shape, values: Float32Array.from({ length: size }, (_, at) => value(at)) };
}

/** A head over `alphabet` whose every value says the character of its row, by `told`. */
function headOf(alphabet: readonly string[], told: (character: string) => number): NamedArray[] {
  const classes = [...alphabet, 'blank'];
  return [
    array('output/kernel', [2, classes.length], (at) => told(classes[at % classes.length]!)),
    array('output/bias', [classes.length], (at) => told(classes[at]!)),
    array('decoder/embedding', [classes.length + 1, 3], (at) => told(classes[Math.floor(at / 3)] ?? 'start')),
  ];
}

const alphabets = fc.uniqueArray(fc.constantFrom<string[]>('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), {
  minLength: 1,
  maxLength: 8,
});

describe('transferWeights', () => {
  it('gives every known character its own row, new ones their first values, and keeps what is no character', () => {
    const code = (character: string): number => character.charCodeAt(0) + character.length;
    fc.assert(
      fc.property(alphabets, alphabets, (alphabet, before) => {
        const first = { weights: headOf(alphabet, () => -1), alphabet };
        const { weights, newCharacters, lostCharacters } = transferWeights(first, {
          weights: headOf(before, code),
          alphabet: before,
        });
        const told = (character: string): number =>
          alphabet.includes(character) && !before.includes(character) ? -1 : code(character);
        expect(weights).toEqual(headOf(alphabet, told));
        expect(newCharacters).toEqual(alphabet.filter((character) => !before.includes(character)));
        expect(lostCharacters).toEqual(before.filter((character) => !alphabet.includes(character)));
      }),
    );
  });

  it('takes the others by name and shape, and says what begins anew and what has no place', () => {
    const alphabet = ['a'];
    const first = {
      weights: [array('same', [2, 3], () => 0), array('other', [3], () => 0), array('new', [1], () => 0)],
      alphabet,
    };
    const source = {
      weights: [array('same', [2, 3], (at) => at), array('other', [4], () => 5), array('old', [1], () => 5)],
      alphabet,
    };
    const { weights, ...told } = transferWeights(first, source);
    expect(weights.map(({ values }) => [...values])).toEqual([[0, 1, 2, 3, 4, 5], [0, 0, 0], [0]]);
    expect(told).toEqual({
      taken: ['same'],
      fresh: ['other', 'new'],
      dropped: ['other', 'old'],
      newCharacters: [],
      lostCharacters: [],
    });
  });
});

describe('a training that begins with another model', () => {
  it('knows its characters from the first step, says what it took, and records where from', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const learnt = job(folder, manifest, { out: join(folder, 'old') });
    await train(learnt);
    // 'h' is new, 'f' is gone.
    const changed = await drawnLines(folder, 'changed', ['cab', 'bead', 'dab', 'ace', 'hab', 'abba']);
    const notes: string[] = [];
    const events: EventSink = (event) => {
      if (event.type === 'note' && event.code === 'weights-transferred') notes.push(event.message);
    };
    const train1 = { from: 'old', maxSteps: 1, learningRate: 1e-6, warmupSteps: 0, evaluateSteps: 1 };
    const options = settings({ train: train1 });
    const next = job(folder, changed, { val: manifest, settings: options, events });
    const { metrics } = await train(next);
    expect(notes).toEqual([
      expect.stringMatching(/^old: \d+ tensors taken; new characters: h; characters left out: f$/),
    ]);
    // Two of the eight labels have an 'f'.
    expect(metrics.exact).toBe(0.75);
    expect(curve(folder)[0]!.loss).toBeLessThan(2);
    expect(readDescription(next.out).training.from).toBe(readDescription(learnt.out).weights.id);
  });

  it('is refused where sizes differ, and takes what fits where it may', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnLines(folder, 'lines', LABELS);
    const quick = { maxSteps: 1 };
    await train(job(folder, manifest, { out: join(folder, 'old'), settings: settings({ train: quick }) }));
    const larger = (strict: boolean) =>
      settings({ train: { ...quick, from: 'old', strict }, model: { units: 24 } });
    await expect(train(job(folder, manifest, { settings: larger(true) }))).rejects.toMatchObject({
      code: 'transfer-mismatch',
      exitCode: 2,
      message: expect.stringContaining('another shape of gru1/kernel') as unknown,
    });
    await train(job(folder, manifest, { settings: larger(false) }));
    const nowhere = settings({ train: { ...quick, from: 'nowhere' } });
    await expect(train(job(folder, manifest, { settings: nowhere }))).rejects.toMatchObject({
      code: 'model-missing',
    });
  });
});
