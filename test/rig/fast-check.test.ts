import { expect, test } from 'vitest';
import fc from './fast-check.js';

test('a law that does not hold says how to try the same cases again', async () => {
  const law = fc.property(fc.integer(), (number) => number < 20);
  const replay =
    /Counterexample: \[20\][^]*to replay: OCRPIPE_TEST_SEED=\d+ .*vitest run test\/rig\/fast-check\.test\.ts/;
  expect(() => {
    fc.assert(law);
  }).toThrow(replay);
  const later = fc.asyncProperty(fc.integer(), (number) => Promise.resolve(number < 20));
  await expect(fc.assert(later)).rejects.toThrow(replay);
});

test('random cases are the same ones each time', () => {
  const drawn = () => fc.sample(fc.integer(), 5);
  expect(drawn()).toEqual(drawn());
});
