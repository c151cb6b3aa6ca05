import { describe, expect, it } from 'vitest';
import { batchPlan, type BatchPlan, type PlannedBatch } from '../../../src/ocr/train/batch-plan.js';
import type { CheckedSample } from '../../../src/ocr/train/sample-table.js';
import { trainConfigSchema } from '../../../src/ocr/train/train-config.js';
import fc from '../../rig/fast-check.js';

function samplesOf(texts: readonly string[]): CheckedSample[] {
  return texts.map((text, index) => {
    const name = `${index}.png`;
    return {
      name,
      text,
      steps: text.length,
      filledPx: 4 * text.length,
      image: 0,
    };
  });
}

function planOf(texts: readonly string[], train: object): BatchPlan {
  return batchPlan(samplesOf(texts), trainConfigSchema.parse(train));
}

function batchesOf(plan: BatchPlan, first: number, end: number): PlannedBatch[] {
  const batches = plan.batches(first, end);
  const all: PlannedBatch[] = [];
  for (let next = batches.next(); next.done !== true; next = batches.next()) all.push(next.value);
  return all;
}

/** How many images with each character a pass shows. */
function seen(texts: readonly string[], batches: readonly PlannedBatch[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { index } of batches.flatMap(({ images }) => images))
    for (const character of new Set(texts[index])) counts.set(character, (counts.get(character) ?? 0) + 1);
  return counts;
}

describe('the plan of batches', () => {
  it('goes on from any step as if it had never stopped', () => {
    const shape = fc.record({
      texts: fc.array(fc.string({ minLength: 1, maxLength: 9, unit: fc.constantFrom('a', 'b', 'c') }), {
        minLength: 1,
        maxLength: 40,
      }),
      train: fc.record({
        batchSize: fc.integer({ min: 1, max: 9 }),
        balance: fc.constantFrom(1, 3),
        batchPixels: fc.constantFrom(undefined, 60),
        stepsPerEpoch: fc.constantFrom(undefined, 3),
      }),
      stop: fc.nat(30),
    });
    fc.assert(
      fc.property(shape, ({ texts, train, stop }) => {
        const plan = planOf(texts, train);
        const whole = batchesOf(plan, 0, 30);
        expect([...batchesOf(plan, 0, stop), ...batchesOf(plan, stop, 30)]).toEqual(whole);
        expect(whole.map(({ epoch }) => epoch)).toEqual(
          whole.map((_, step) => Math.floor(step / plan.stepsPerEpoch)),
        );
      }),
    );
  });

  it('shows rare characters as many times as often as they are rarer than the median one, up to the bound', () => {
    const texts = [
      ...new Array<string>(40).fill('ab'),
      ...new Array<string>(10).fill('ac'),
      'ad',
      'ae',
      'ae',
    ];
    const plan = planOf(texts, { balance: 4, batchSize: 8 });
    const pass = seen(texts, batchesOf(plan, 0, plan.stepsPerEpoch));
    const once = seen(texts, batchesOf(planOf(texts, { batchSize: 8 }), 0, 7));
    // Labels with a, b, c, d, e: 53, 40, 10, 1, 2. The median is 10.
    expect(['b', 'c', 'd', 'e'].map((character) => once.get(character))).toEqual([40, 10, 1, 2]);
    expect(['b', 'c', 'd', 'e'].map((character) => pass.get(character))).toEqual([40, 10, 4, 8]);
  });

  it('numbers the copies of an image within a pass, so that each is varied in its own way', () => {
    const texts = ['ab', 'ab', 'ab', 'ab', 'ac'];
    const plan = planOf(texts, { balance: 3, batchSize: 2 });
    const copies = batchesOf(plan, 0, plan.stepsPerEpoch)
      .flatMap(({ images }) => images)
      .filter(({ index }) => index === 4);
    expect(copies.map(({ copy }) => copy)).toEqual([0, 1, 2]);
  });

  it('counts an epoch in steps where it is told to, and goes on with the data in the next', () => {
    const plan = planOf(['a', 'b', 'c', 'd', 'e', 'f'], { batchSize: 1, stepsPerEpoch: 4 });
    const batches = batchesOf(plan, 0, 12);
    expect(batches.map(({ epoch }) => epoch)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    expect(batches.map(({ pass }) => pass)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  });
});
