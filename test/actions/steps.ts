import type fc from 'fast-check';
import { expect } from 'vitest';
import { expectFiles, expectStates, type Real } from './real-workspace.js';
import { PLACES, type Model, type Place, type PlaceState } from './workspace-model.js';

export type Step = fc.AsyncCommand<Model, Real>;

/** Makes steps: when each can be taken, and what it does to both. Afterwards `expectSame` holds of both. */
export function stepsThat<Model extends object, Real>(expectSame: (model: Model, real: Real) => unknown) {
  return (
    name: string,
    check: (model: Model) => boolean,
    run: (model: Model, real: Real) => unknown,
  ): fc.AsyncCommand<Model, Real> => ({
    check,
    run: async (model, real) => {
      await run(model, real);
      await expectSame(model, real);
    },
    toString: () => name,
  });
}

/** Afterwards both agree on the files. */
export const step = stepsThat<Model, Real>(expectFiles);

/** The same, and then somebody asks for the status: that is a step of its own, because it remembers what it finds. */
export function looking(taken: Step): Step {
  return {
    check: taken.check.bind(taken),
    run: async (model, real) => {
      await taken.run(model, real);
      await expectStates(model, real);
    },
    toString: () => `${taken.toString()}, status`,
  };
}

/** When a step at a place can be taken. */
export const at = (place: Place, check: (state: PlaceState) => boolean) => (model: Model) =>
  check(model.at(place));

export const isTracked = ({ pointer }: PlaceState): boolean => pointer !== undefined;

/** Does work that may change pointers: each one that it changes names what is there. Returns which those are, too. */
export async function pointersAfter<T>(
  model: Model,
  real: Real,
  work: () => Promise<T>,
): Promise<{ result: T; changed: readonly Place[] }> {
  const before = PLACES.map((place) => real.pointerText(place));
  const result = await work();
  const changed = PLACES.filter((place, index) => real.pointerText(place) !== before[index]);
  for (const place of changed) model.set(place, { pointer: model.at(place).files });
  return { result, changed };
}

/** What was there before and is not now must be in the store. */
export function expectKept(before: PlaceState, model: Model, real: Real, place: Place): void {
  const { files } = model.at(place);
  for (const [name, text] of before.files) {
    if (files.get(name) !== text) expect([name, real.holds(text)]).toEqual([name, true]);
  }
}
