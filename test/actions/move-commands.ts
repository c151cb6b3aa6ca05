import { expect } from 'vitest';
import { deleteOf, moveOf } from './promises.js';
import { expectSound } from './expect-sound.js';
import { refusal, type Real } from './real-workspace.js';
import { at, expectKept, isTracked, step, type Step } from './steps.js';
import { NOTHING, PLACES, sameFiles, type Model, type Place } from './workspace-model.js';
import fc from '../rig/fast-check.js';

/** What becomes of the files of a path that is not tracked any more. */
type Removal = 'keep' | 'delete' | 'force';

const rmOf = (place: Place, removal: Removal) => (a: Real['a']) =>
  a.rm([place], { deleteFiles: removal !== 'keep', force: removal === 'force' });

const nameOf = (place: Place, removal: Removal): string =>
  `rm${removal === 'keep' ? '' : ` --${removal}`} ${place}`;

const movingText = (from: Place, to: Place): string => `${from} is on its way to ${to}, and not yet there`;

/** Of what is not tracked any more, nothing is remembered. */
function forget(model: Model, place: Place): void {
  for (const to of PLACES) model.moving.delete(movingText(place, to));
  model.set(place, { pointer: undefined, lastPut: 'nothing', begun: undefined });
}

const rm = (place: Place, removal: Removal) =>
  step(
    nameOf(place, removal),
    () => true,
    async (model, real) => {
      const before = model.at(place);
      const may = removal !== 'delete' || deleteOf(before, real.holds);
      const expected = isTracked(before) ? (may ? undefined : 'would-lose-bytes') : 'not-tracked';
      expect(await refusal(rmOf(place, removal)(real.a))).toBe(expected);
      if (expected !== undefined) return;
      if (removal !== 'keep') model.set(place, { files: NOTHING });
      stopTracking(model, place);
      if (removal !== 'force') expectKept(before, model, real, place);
    },
  );

/** An rm that dies: of the files some are gone if they were to be deleted, and no other was touched. */
const killedRm = (
  place: Place,
  removal: Removal,
  { finished, point }: { finished: boolean; point: number },
) =>
  step(
    `${nameOf(place, removal)} killed at ${point}${finished ? ', and finished' : ''}`,
    at(place, isTracked),
    async (model, real) => {
      const before = model.at(place);
      const { holds } = real;
      if (removal === 'delete' && !deleteOf(before, holds)) return;
      const died = await real.crash(rmOf(place, removal), point);
      if (!died) expect(real.pointerText(place)).toBe('');
      const files = real.files(place);
      for (const [name, text] of files) expect(before.files.get(name)).toBe(text);
      if (removal === 'keep') expect(files.size).toBe(before.files.size);
      const surely = files.size < before.files.size;
      model.set(place, { files });
      if (real.pointerText(place) === '') stopTracking(model, place);
      else if (files.size === 0) model.set(place, { lastPut: 'unknown', begun: undefined });
      else if (removal !== 'keep') model.set(place, { begun: { files: NOTHING, surely } });
      if (removal !== 'force') expectKept(before, model, real, place);
      await expectSound(real.a);
      if (!finished || !isTracked(model.at(place))) return;
      await rmOf(place, removal)(real.a);
      model.set(place, { files: removal === 'keep' ? files : NOTHING });
      stopTracking(model, place);
    },
  );

/** A part of what is tracked is not tracked by itself, and nothing goes into itself. */
const refusedParts = (place: Place) =>
  step(`rm and mv of parts of ${place}`, at(place, isTracked), async (_, real) => {
    expect(await refusal(real.a.rm([`${place}/a`], { deleteFiles: true, force: true }))).toBe('not-tracked');
    expect(await refusal(real.a.mv(`${place}/a`, 'free'))).toBe('not-tracked');
    const inside = await refusal(real.a.mv(place, `${place}/inside`));
    expect(['path-overlaps', 'no-such-folder']).toContain(inside);
  });

/** As `rm` does: a move to the place is given up, too. */
function stopTracking(model: Model, place: Place): void {
  forget(model, place);
  for (const from of PLACES) model.moving.delete(movingText(from, place));
}

/** All that is known of a place goes to another one. */
function moveAll(model: Model, from: Place, to: Place): void {
  const source = model.at(from);
  const files = source.files.size > 0 ? source.files : model.at(to).files;
  model.set(to, { ...source, pointer: source.pointer, begun: source.begun, files });
  model.set(from, { files: NOTHING });
  forget(model, from);
}

const mv = (from: Place, to: Place) =>
  step(
    `mv ${from} ${to}`,
    (model) => moveOf(model, from, to) !== undefined,
    async (model, real) => {
      const expected = moveOf(model, from, to);
      const code = await refusal(real.a.mv(from, to));
      if (expected === true) {
        expect(code).toBeUndefined();
        moveAll(model, from, to);
      } else if (isTracked(model.at(from))) expect(['path-exists', 'path-overlaps']).toContain(code);
      else expect(code).toBe('not-tracked');
    },
  );

/** The files alone: `mv` of the system. */
const moveByHand = (from: Place, to: Place) =>
  step(
    `move ${from} ${to} by hand`,
    (model) => model.at(from).files.size > 0 && model.at(to).files.size === 0,
    (model, real) => {
      real.rename(from, to);
      model.set(to, { files: model.at(from).files });
      model.set(from, { files: NOTHING });
    },
  );

/** An mv that dies: the files are in one of the places, a pointer names them, and the same one finishes it. */
const killedMv = (from: Place, to: Place, { finished, point }: { finished: boolean; point: number }) =>
  step(
    `mv ${from} ${to} killed at ${point}${finished ? ', and finished' : ''}`,
    (model) => moveOf(model, from, to) === true,
    async (model, real) => {
      const [source, target] = [model.at(from), model.at(to)];
      const pointerText = real.pointerText(from);
      await real.crash((a) => a.mv(from, to), point);
      const [here, there] = [real.files(from), real.files(to)];
      const isHere = source.files.size > 0 && sameFiles(here, source.files);
      const moved = source.files.size > 0 ? source.files : target.files;
      expect([here, there]).toEqual(isHere ? [source.files, NOTHING] : [NOTHING, moved]);
      const [left, made] = [real.pointerText(from), real.pointerText(to)];
      expect(['', pointerText]).toContain(left);
      expect(source.files.size === 0 ? [left, made] : [isHere ? left : made]).toContain(pointerText);
      if (made !== '') expect(made).toBe(pointerText);
      await expectSound(real.a);
      if (left !== '' && finished) await real.a.mv(from, to);
      if (left === '' || finished) moveAll(model, from, to);
      else leaveHalfMoved(model, { from, to, isHere, isPointed: made !== '' });
    },
  );

/** Memory goes to the new place before the files do, and leaves the old one last. */
function leaveHalfMoved(
  model: Model,
  { from, to, isHere, isPointed }: { from: Place; to: Place; isHere: boolean; isPointed: boolean },
): void {
  for (const other of PLACES) model.moving.delete(movingText(from, other));
  model.moving.add(movingText(from, to));
  const source = model.at(from);
  const pointer = isPointed ? source.pointer : undefined;
  const cameAlong = !isHere && source.files.size > 0;
  if (cameAlong) model.set(to, { ...source, pointer, begun: source.begun });
  else model.set(to, { pointer, lastPut: 'unknown', begun: undefined });
  if (!isHere) model.set(from, { files: NOTHING, lastPut: 'unknown', begun: undefined });
}

/** Steps that stop tracking a place, or move it. */
export function moveSteps(place: fc.Arbitrary<Place>, point: fc.Arbitrary<number>): fc.Arbitrary<Step>[] {
  const removal = fc.constantFrom<Removal>('keep', 'delete', 'force');
  const death = fc.record({ finished: fc.boolean(), point });
  return [
    fc.tuple(place, removal).map((all) => rm(...all)),
    fc.tuple(place, removal, death).map((all) => killedRm(...all)),
    place.map(refusedParts),
    fc.tuple(place, place).map((all) => mv(...all)),
    fc.tuple(place, place).map((all) => mv(...all)),
    fc.tuple(place, place).map((all) => moveByHand(...all)),
    fc.tuple(place, place, death).map((all) => killedMv(...all)),
  ];
}
