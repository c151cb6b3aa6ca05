import { rmSync } from 'node:fs';
import { expect } from 'vitest';
import fc from '../rig/fast-check.js';
import { git } from '../rig/git-repository.js';
import { checkoutOf, commitOf } from './promises.js';
import { expectSound } from './expect-sound.js';
import { didOrRefused, type Real } from './real-workspace.js';
import { moveSteps } from './move-commands.js';
import { at, expectKept, isTracked, looking, pointersAfter, step, type Step } from './steps.js';
import { isFile, NOTHING, PLACES, sameFiles, textOf } from './workspace-model.js';
import type { Files, Model, Place } from './workspace-model.js';

function edited(files: Files, change: (files: Map<string, string>) => void): Files {
  const copy = new Map(files);
  change(copy);
  return copy;
}

const pathOf = (place: Place, name: string): string => (name === '' ? place : `${place}/${name}`);

const write = (place: Place, name: string, text: string) =>
  step(
    `write ${place} ${name} ${text}`,
    at(place, ({ files }) => files.size === 0 || isFile(files) === (name === '')),
    (model, real) => {
      real.a.write(pathOf(place, name), text);
      model.set(place, { files: edited(model.at(place).files, (files) => files.set(name, text)) });
    },
  );

const remove = (place: Place, name: string) =>
  step(
    `remove ${place} ${name}`,
    at(place, ({ files }) => files.has(name)),
    (model, real) => {
      real.remove(pathOf(place, name));
      model.set(place, { files: edited(model.at(place).files, (files) => files.delete(name)) });
    },
  );

const rename = (place: Place, from: string, to: string) =>
  step(
    `rename ${place} ${from} ${to}`,
    at(place, ({ files }) => from !== to && from !== '' && to !== '' && files.has(from)),
    (model, real) => {
      real.rename(pathOf(place, from), pathOf(place, to));
      const { files } = model.at(place);
      const renamed = edited(files, (names) => names.set(to, files.get(from)!).delete(from));
      model.set(place, { files: renamed });
    },
  );

const add = (place: Place) =>
  step(
    `add ${place}`,
    at(place, ({ files }) => files.size > 0),
    async (model, real) => {
      await real.a.add(place);
      model.store(place);
    },
  );

const commit = () =>
  step(
    'commit',
    ({ pointers }) => pointers.size > 0,
    async (model, real) => {
      const { holds } = real;
      const expected = PLACES.map((place) => commitOf(model.at(place), holds));
      const commits = () => didOrRefused(real.a.commit());
      const { result: done, changed } = await pointersAfter(model, real, commits);
      if (expected.includes('refuses')) expect(done).toBe(false);
      else if (!expected.includes(undefined)) expect(done).toBe(true);
      for (const [index, place] of PLACES.entries()) {
        const what = expected[index];
        if (what) expect([place, changed.includes(place)]).toEqual([place, what === 'records']);
        const { files, pointer } = model.at(place);
        if (sameFiles(files, pointer)) model.putThere(place);
      }
    },
  );

const checkout = (place: Place, force: boolean) =>
  step(`checkout${force ? ' --force' : ''} ${place}`, at(place, isTracked), async (model, real) => {
    const before = model.at(place);
    const expected = force || checkoutOf(before, real.holds);
    const done = await didOrRefused(real.a.checkout([place], force));
    if (expected !== undefined) expect(done).toBe(expected);
    if (!done) return;
    model.putThere(place);
    if (!force) expectKept(before, model, real, place);
  });

const gitCommit = () =>
  step(
    'git commit',
    ({ pointers, committedPointers }) => pointers.size + committedPointers.size > 0,
    (model, real) => {
      real.commit();
      model.commit();
    },
  );

const branch = (name: string) =>
  step(
    `git branch ${name}`,
    (model) => !model.branches.has(name),
    (model, real) => {
      git(real.a.root, 'checkout', '-q', '-b', name);
      model.branches.set(name, model.committedPointers);
      model.branch = name;
    },
  );

const canSwitchTo = (name: string) => (model: Model) =>
  model.branches.has(name) && name !== model.branch && model.isCommitted;

function doSwitch(model: Model, real: Real, name: string): void {
  real.switchTo(name);
  model.switchTo(name);
}

const switchTo = (name: string) =>
  step(`git switch ${name}`, canSwitchTo(name), (model, real) => {
    doSwitch(model, real, name);
  });

const push = () =>
  step(
    'push',
    ({ pointers }) => pointers.size > 0,
    async (model, real) => {
      await real.push();
      for (const files of model.pointers.values()) model.pushed.add(textOf(files));
    },
  );

const pullElsewhere = () =>
  step(
    'pull elsewhere',
    ({ committedPointers, pushed }) =>
      committedPointers.size > 0 &&
      [...committedPointers.values()].every((files) => pushed.has(textOf(files))),
    async (model, real) => {
      const clone = await real.pulledClone();
      for (const place of PLACES) {
        const expected = textOf(model.committedPointers.get(place) ?? NOTHING);
        expect([place, textOf(clone.files(place))]).toEqual([place, expected]);
      }
      rmSync(clone.base, { recursive: true });
    },
  );

/** What is needed is still there. */
async function expectCollected(model: Model, real: Real): Promise<void> {
  await expectSound(real.a);
  const { holds } = real;
  for (const text of model.needed) expect([text, holds(text)]).toEqual([text, true]);
  model.collect();
}

const gc = () =>
  step(
    'gc',
    ({ pointers }) => pointers.size > 0,
    async (model, real) => {
      await real.gc();
      await expectCollected(model, real);
    },
  );

/** An add that dies: of the user's files nothing changed, and the pointer is the old or the new one. */
const killedAdd = (place: Place, point: number) =>
  step(
    `add ${place} killed at ${point}`,
    at(place, ({ files }) => files.size > 0),
    async (model, real) => {
      const dies = () => real.crash((a) => a.add(place), point);
      const { result: died, changed } = await pointersAfter(model, real, dies);
      for (const each of changed) expect(each).toBe(place);
      if (died) model.maybeRemembered(place);
      else model.store(place);
      await expectSound(real.a);
    },
  );

/** As with an add; what is stored and not pointed to may be gone or not. */
const killed = (name: 'commit' | 'push' | 'gc', point: number) =>
  step(
    `${name} killed at ${point}`,
    ({ pointers }) => pointers.size > 0,
    async (model, real) => {
      const work = { commit: () => real.a.commit(), push: real.push, gc: real.gc };
      const { changed } = await pointersAfter(model, real, () => real.crash(work[name], point));
      if (name !== 'commit') expect(changed).toEqual([]);
      if (name === 'commit') for (const each of PLACES) model.maybeRemembered(each);
      if (name === 'gc') await expectCollected(model, real);
      else await expectSound(real.a);
    },
  );

/** How a checkout dies. */
interface Death {
  force: boolean;
  /** One like it follows at once. */
  finished: boolean;
  point: number;
}

const canCheckOut = (model: Model, real: Real, place: Place, force: boolean): boolean =>
  isTracked(model.at(place)) && (force || checkoutOf(model.at(place), real.holds) === true);

/** Each file is the old or the new one. */
async function dieInCheckout(
  model: Model,
  real: Real,
  { place, force, finished, point }: Death & { place: Place },
): Promise<void> {
  const { files: before, pointer } = model.at(place);
  const died = await real.crash((a) => a.checkout([place], force), point);
  const files = real.files(place);
  for (const [name, text] of files) expect([before.get(name), pointer!.get(name)]).toContain(text);
  const same = [...before].filter(([name, text]) => pointer!.get(name) === text);
  for (const [name, text] of same) expect(files.get(name)).toBe(text);
  model.set(place, { files, begun: { files: pointer!, surely: !sameFiles(files, before) } });
  if (died) model.maybeRemembered(place);
  else model.putThere(place);
  await expectSound(real.a);
  if (!finished) return;
  await real.a.checkout([place], force);
  model.putThere(place);
}

const named = ({ force, finished, point }: Death): string =>
  `${force ? ' --force' : ''} killed at ${point}${finished ? ', and finished' : ''}`;

/** A checkout that dies, and one like it finishes, at once or later. */
const killedCheckout = (place: Place, death: Death) =>
  step(`checkout ${place}${named(death)}`, at(place, isTracked), async (model, real) => {
    if (canCheckOut(model, real, place, death.force)) await dieInCheckout(model, real, { place, ...death });
  });

/** A checkout of another version that dies, and git goes back to this one: what is half there is nobody's edit. */
const killedElsewhere = (place: Place, name: string, death: Death) =>
  step(`checkout ${place} on ${name}${named(death)}, and back`, canSwitchTo(name), async (model, real) => {
    const here = model.branch;
    doSwitch(model, real, name);
    if (canCheckOut(model, real, place, death.force)) await dieInCheckout(model, real, { place, ...death });
    doSwitch(model, real, here);
  });

const place = fc.constantFrom<Place>('data', 'data', 'data', ...PLACES);
const name = fc.constantFrom('a', 'b', 'd/a', 'd/e/c', 'a', 'b', 'd/a', 'd/e/c', '');
const text = fc.constantFrom('', '1', '22', '333');
const branchName = fc.constantFrom('main', 'one', 'two');
const point = fc.integer({ min: 1, max: 24 });
const death = fc.record({ force: fc.boolean(), finished: fc.boolean(), point });
const half = fc.record({ force: fc.boolean(), finished: fc.constant(false), point });

const steps: fc.Arbitrary<Step>[] = [
  fc.tuple(place, name, text).map((all) => write(...all)),
  fc.tuple(place, name, text).map((all) => write(...all)),
  fc.tuple(place, name).map((all) => remove(...all)),
  fc.tuple(place, name, name).map((all) => rename(...all)),
  place.map(add),
  place.map(add),
  fc.constant(commit()),
  fc.tuple(place, fc.boolean()).map((all) => checkout(...all)),
  fc.tuple(place, fc.boolean()).map((all) => checkout(...all)),
  fc.constant(gitCommit()),
  fc.constant(gitCommit()),
  branchName.map(branch),
  branchName.map(switchTo),
  branchName.map(switchTo),
  fc.constant(push()),
  fc.constant(pullElsewhere()),
  fc.constant(gc()),
  fc.tuple(place, point).map((all) => killedAdd(...all)),
  fc.tuple(fc.constantFrom('commit', 'push', 'gc'), point).map((all) => killed(...all)),
  fc.tuple(place, death).map((all) => killedCheckout(...all)),
  fc.tuple(place, branchName, half).map((all) => killedElsewhere(...all)),
  fc.tuple(place, branchName, half).map((all) => killedElsewhere(...all)),
  ...moveSteps(place, point),
];

/** Steps of people, of commands, and of power cuts. */
export const workspaceCommands = steps.map((taken) =>
  fc.tuple(taken, fc.boolean()).map(([each, looks]) => (looks ? looking(each) : each)),
);
