import fc from 'fast-check';
import { expect } from 'vitest';
import { git, gitCommitAll } from '../rig/git-repository.js';
import {
  didOrRefused,
  expectAgreement,
  expectSound,
  sameFiles,
  textOf,
  type Files,
  type Model,
  type Real,
} from './workspace-model.js';

type Command = fc.AsyncCommand<Model, Real>;

/** A step: when it can be taken, and what it does to both. Afterwards both agree. */
function step(
  name: string,
  check: (model: Model) => boolean,
  run: (model: Model, real: Real) => unknown,
): Command {
  return {
    check,
    run: async (model, real) => {
      await run(model, real);
      await expectAgreement(model, real);
    },
    toString: () => name,
  };
}

const isTracked = (model: Model): boolean => model.pointer !== undefined;
const has = (name: string) => (model: Model) => model.files.has(name);

function changed(files: Files, change: (files: Map<string, string>) => void): Files {
  const copy = new Map(files);
  change(copy);
  return copy;
}

const write = (name: string, text: string) =>
  step(
    `write ${name} ${text}`,
    () => true,
    (model, real) => {
      real.a.write(`data/${name}`, text);
      model.files = changed(model.files, (files) => files.set(name, text));
    },
  );

const remove = (name: string) =>
  step(`remove ${name}`, has(name), (model, real) => {
    real.remove(name);
    model.files = changed(model.files, (files) => files.delete(name));
  });

const rename = (from: string, to: string) =>
  step(
    `rename ${from} ${to}`,
    (model) => from !== to && has(from)(model),
    (model, real) => {
      real.rename(from, to);
      model.files = changed(model.files, (files) => {
        files.set(to, files.get(from)!);
        files.delete(from);
      });
    },
  );

const add = () =>
  step(
    'add',
    ({ files }) => files.size > 0,
    async (model, real) => {
      await real.a.add('data');
      model.store();
    },
  );

/** True if the pointer names something else than before: then what is there. */
async function pointerAfter(model: Model, real: Real, work: () => Promise<unknown>): Promise<void> {
  const before = pointerText(real);
  await work();
  if (pointerText(real) !== before) model.pointer = model.files;
}

const pointerText = ({ a }: Real): string =>
  git(a.root, 'ls-files', '-co', 'data.ocr') === '' ? '' : a.read('data.ocr');

const commit = () =>
  step(
    'commit',
    (model) => isTracked(model) && model.files.size > 0,
    async (model, real) => {
      const mustRecord = sameFiles(model.lastPut, model.pointer) && !model.begun;
      const isMoved = sameFiles(model.lastPut, model.files);
      const before = model.pointer;
      await pointerAfter(model, real, () => didOrRefused(real.a.commit()));
      if (mustRecord) expect(model.pointer).toBe(sameFiles(before, model.files) ? before : model.files);
      else if (isMoved) expect(model.pointer).toBe(before);
      if (model.pointer === model.files) model.store();
    },
  );

/** Contents of files that none of these versions has there: somebody's work. */
function editedFrom(files: Files, known: readonly (Files | undefined)[]): string[] {
  const isEdit = ([at, text]: readonly [string, string]) => known.every((each) => each?.get(at) !== text);
  return [...files].filter(isEdit).map(([, text]) => text);
}

const checkout = (force: boolean) =>
  step(`checkout${force ? ' --force' : ''}`, isTracked, async (model, real) => {
    const { files, pointer, lastPut, begun } = model;
    const done = await didOrRefused(real.a.checkout([], force));
    const known = [pointer, lastPut, begun?.surely === true ? begun.files : undefined];
    const edits = editedFrom(files, [...known, begun?.files]);
    if (force || (lastPut && editedFrom(files, known).length === 0)) expect(done).toBe(true);
    else if (lastPut && edits.length > 0) expect(done).toBe(false);
    else if (done) for (const text of edits) expect(model.stored).toContain(text);
    if (!done) return;
    model.lastPut = model.files = pointer!;
    model.begun = undefined;
  });

const gitCommit = () =>
  step('git commit', isTracked, (model, real) => {
    gitCommitAll(real.a.root, 'a version');
    model.branches.set(model.branch, model.pointer);
    model.commit();
  });

const branch = (name: string) =>
  step(
    `git branch ${name}`,
    (model) => !model.branches.has(name),
    (model, real) => {
      git(real.a.root, 'checkout', '-q', '-b', name);
      model.branches.set(name, model.committedPointer);
      model.branch = name;
    },
  );

const switchTo = (name: string) =>
  step(
    `git switch ${name}`,
    (model) =>
      model.branches.has(name) && name !== model.branch && sameFiles(model.pointer, model.committedPointer),
    (model, real) => {
      git(real.a.root, 'checkout', '-q', name);
      model.branch = name;
      model.pointer = model.committedPointer;
    },
  );

const push = () =>
  step('push', isTracked, async (model, real) => {
    await real.push();
    model.pushed.add(textOf(model.pointer!));
  });

const pullElsewhere = () =>
  step(
    'pull elsewhere',
    ({ committedPointer, pushed }) => committedPointer !== undefined && pushed.has(textOf(committedPointer)),
    async (model, real) => {
      expect(sameFiles(await real.pulledClone(), model.committedPointer)).toBe(true);
    },
  );

const gc = () =>
  step('gc', isTracked, async (model, real) => {
    await real.gc();
    await expectSound(real);
    // What nothing named is gone: to overwrite it would be to lose it.
    if (!sameFiles(model.lastPut, model.pointer)) model.lastPut = undefined;
    model.collect();
  });

/** A command that dies at one of its write points: of the user's files nothing changed, and the pointer is the old or the new one. */
const killed = (name: 'add' | 'commit' | 'push' | 'gc', point: number) =>
  step(
    `${name} killed at ${point}`,
    (model) => (name === 'add' ? model.files.size > 0 : isTracked(model) && model.files.size > 0),
    async (model, real) => {
      const work = {
        add: () => real.a.add('data'),
        commit: () => real.a.commit(),
        push: real.push,
        gc: real.gc,
      };
      await pointerAfter(model, real, () => real.crash(work[name], point));
      model.lastPut = undefined;
      if (name === 'gc') model.collect();
      else for (const text of model.files.values()) model.stored.add(text);
      await expectSound(real);
    },
  );

/** A checkout that dies: each file is the old or the new one, and one like it finishes, at once or later. */
const killedCheckout = (force: boolean, finished: boolean, point: number) =>
  step(
    `checkout${force ? ' --force' : ''} killed at ${point}${finished ? ', and finished' : ''}`,
    ({ pointer, files, lastPut }) =>
      pointer !== undefined && (force || files.size === 0 || sameFiles(files, lastPut)),
    async (model, real) => {
      const before = model.files;
      const pointer = model.pointer!;
      await real.crash((a) => a.checkout([], force), point);
      model.files = real.files();
      for (const [at, text] of model.files) expect([before.get(at), pointer.get(at)]).toContain(text);
      for (const [at, text] of before) if (pointer.get(at) === text) expect(model.files.get(at)).toBe(text);
      model.begun = { files: pointer, surely: !sameFiles(model.files, before) };
      // By force somebody's work may be gone, or be left.
      if (force) model.lastPut = undefined;
      await expectSound(real);
      if (!finished) return;
      await real.a.checkout([], force);
      model.lastPut = model.files = pointer;
    },
  );

const name = fc.constantFrom('a', 'b', 'd/a', 'd/e/c');
const text = fc.constantFrom('', '1', '22', '333');
const branchName = fc.constantFrom('main', 'one', 'two');
const point = fc.integer({ min: 1, max: 24 });

/** Steps of people, of commands, and of power cuts. */
export const workspaceCommands: fc.Arbitrary<Command>[] = [
  fc.tuple(name, text).map(([at, content]) => write(at, content)),
  fc.tuple(name, text).map(([at, content]) => write(at, content)),
  name.map(remove),
  fc.tuple(name, name).map(([from, to]) => rename(from, to)),
  fc.constant(add()),
  fc.constant(add()),
  fc.constant(commit()),
  fc.boolean().map(checkout),
  fc.boolean().map(checkout),
  fc.constant(gitCommit()),
  fc.constant(gitCommit()),
  branchName.map(branch),
  branchName.map(switchTo),
  branchName.map(switchTo),
  fc.constant(push()),
  fc.constant(pullElsewhere()),
  fc.constant(gc()),
  fc.tuple(fc.constantFrom('add', 'commit', 'push', 'gc'), point).map(([what, at]) => killed(what, at)),
  fc
    .tuple(fc.boolean(), fc.boolean(), point)
    .map(([force, finished, at]) => killedCheckout(force, finished, at)),
  fc
    .tuple(fc.boolean(), fc.boolean(), point)
    .map(([force, finished, at]) => killedCheckout(force, finished, at)),
];
