import { closeSync, existsSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { mkdirSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkout } from '../../src/actions/checkout.js';
import { fsck } from '../../src/actions/fsck.js';
import { gc } from '../../src/actions/gc.js';
import { init } from '../../src/actions/init.js';
import { unlink } from '../../src/actions/unlink.js';
import { contentIdOf } from '../../src/base/content-id.js';
import type { LinkType } from '../../src/base/link-type.js';
import { absPath } from '../../src/base/paths.js';
import { LARGE_BLOB_BYTES } from '../../src/store/format.js';
import { LocalStore } from '../../src/store/local-store.js';
import fc from '../rig/fast-check.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { stepsThat } from './steps.js';
import { WorkspaceFolder } from './workspace-folder.js';

/**
 * Two workspaces that share a store, whose large files are links to it in any way, and programs that write into them in place.
 *
 * Modelled is only what people can see: what stands in `data` of each workspace, and what its pointer names. What the store holds, and
 * which files are one file, is looked up: to know what may be lost, and whom else a write into a file reaches. After each step the files are
 * those of the model, `status` says so, and (the laws) no file ever gets bytes that neither it nor its pointer had, nothing goes
 * without `--force` that the store has not, and what a pointer names is lost to nobody but by a write into the store's own file.
 */
interface Model {
  readonly a: Side;
  readonly b: Side;
}

/** What stands in `data`, and what its pointer names: names, and contents as `bytesOf` takes them. */
interface Side {
  files: ReadonlyMap<string, string> | undefined;
  pointer: ReadonlyMap<string, string> | undefined;
}

type Who = 'a' | 'b';

/** The first character is the first byte, the second all others; of a capital so many that it is large. */
function bytesOf(content: string): Buffer {
  const fill = content[1]!;
  const bytes = Buffer.alloc(/[A-Z]/.test(fill) ? LARGE_BLOB_BYTES : 2, fill);
  bytes.write(content[0]!);
  return bytes;
}

class Real {
  readonly base = temporaryFolder();

  async begin(): Promise<void> {
    for (const who of ['a', 'b'] as const) {
      mkdirSync(join(this.base, who));
      const store = { path: join(this.base, 'store'), shared: false, move: false };
      await init({ git: false, store }, this.of(who).call);
    }
  }

  of(who: Who): WorkspaceFolder {
    return new WorkspaceFolder(absPath(join(this.base, who)));
  }

  path(who: Who, name: string): string {
    return this.of(who).path(`data/${name}`);
  }

  /** What stands there: read to the last byte. */
  files(who: Who): Side['files'] {
    const data = this.of(who).path('data');
    if (!existsSync(data)) return undefined;
    return new Map(
      readdirSync(data)
        .sort()
        .map((name) => {
          const bytes = readFileSync(join(data, name));
          const content = bytes.toString('latin1', 0, 2);
          return [name, bytes.equals(bytesOf(content)) ? content : `${content}, and others`];
        }),
    );
  }

  /** Which contents the store has now, as their bytes say. */
  get holds(): (content: string) => boolean {
    const store = LocalStore.inspect(join(this.base, 'store'));
    return (content) => {
      const bytes = bytesOf(content);
      return store.holds('blob', contentIdOf(bytes), bytes.length);
    };
  }
}

type Step = fc.AsyncCommand<Model, Real>;

const step = stepsThat(expectSame);

async function expectSame(model: Model, real: Real): Promise<void> {
  for (const who of ['a', 'b'] as const) {
    const { files, pointer } = model[who];
    expect([who, real.files(who)]).toEqual([who, files]);
    const state = same(files, pointer) ? 'clean' : files === undefined ? 'missing' : 'modified';
    expect([who, await real.of(who).state('data')]).toEqual([who, pointer && state]);
  }
}

function same(one: Side['files'], other: Side['files']): boolean {
  return JSON.stringify([...(one ?? [])].sort()) === JSON.stringify([...(other ?? [])].sort());
}

const contentsOf = (side: ReadonlyMap<string, string> | undefined): string[] => [...(side?.values() ?? [])];

/** The same with another content at a name, or nothing. */
function changed(files: Side['files'], name: string, content: string | undefined): Side['files'] {
  const others = [...(files ?? [])].filter(([each]) => each !== name);
  const now = content === undefined ? [] : [[name, content] as const];
  return new Map([...others, ...now].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** As most programs write: a new file, and its name. */
const write = (who: Who, name: string, content: string) =>
  step(
    `${who}: write ${name} ${content}`,
    () => true,
    (model, real) => {
      mkdirSync(real.of(who).path('data'), { recursive: true });
      const aside = join(real.base, 'aside');
      writeFileSync(aside, bytesOf(content));
      renameSync(aside, real.path(who, name));
      model[who].files = changed(model[who].files, name, content);
    },
  );

/** Into the file as it stands, whatever other names it has: a link to the store reaches the store's own file. */
const writeInto = (who: Who, name: string, first: string) =>
  step(
    `${who}: write into ${name} ${first}`,
    (model) => model[who].files?.has(name) === true,
    (model, real) => {
      const { ino } = statSync(real.path(who, name));
      for (const side of ['a', 'b'] as const) {
        for (const [each, content] of model[side].files ?? []) {
          if (statSync(real.path(side, each)).ino !== ino) continue;
          model[side].files = changed(model[side].files, each, `${first}${content[1]!}`);
        }
      }
      const fd = openSync(real.path(who, name), 'r+');
      writeSync(fd, first, 0);
      closeSync(fd);
    },
  );

const removeFile = (who: Who, name: string) =>
  step(
    `${who}: remove ${name}`,
    (model) => (model[who].files?.size ?? 0) > 1 && model[who].files?.has(name) === true,
    (model, real) => {
      rmSync(real.path(who, name));
      model[who].files = changed(model[who].files, name, undefined);
    },
  );

const removeAll = (who: Who) =>
  step(
    `${who}: rm -r data`,
    (model) => model[who].files !== undefined,
    (model, real) => {
      real.of(who).remove('data');
      model[who].files = undefined;
    },
  );

const add = (who: Who) =>
  step(
    `${who}: add`,
    (model) => model[who].files !== undefined,
    async (model, real) => {
      await real.of(who).add('data');
      model[who].pointer = model[who].files;
      for (const content of contentsOf(model[who].files))
        expect([content, real.holds(content)]).toEqual([content, true]);
    },
  );

const checkOut = (who: Who, { links, force }: { links: LinkType[] | undefined; force: boolean }) =>
  step(
    `${who}: checkout${force ? ' --force' : ''} --link ${String(links)}`,
    (model) => model[who].pointer !== undefined,
    async (model, real) => {
      const { files: before, pointer } = model[who];
      const { holds } = real;
      const lacking = contentsOf(pointer).filter((content) => !holds(content));
      const { failure } = await checkout({ targets: [], force, links }, real.of(who).call);
      const after = real.files(who);
      // What was there in vain may be set aside in the store, and a file that led to it may be gone with it.
      for (const [name, content] of after ?? []) {
        expect([before?.get(name), pointer?.get(name)]).toContain(content);
      }
      if (failure === undefined) expect(same(after, pointer)).toBe(true);
      else expect(FAILURES).toContain(failure.code);
      if (force || before === undefined) expect(failure === undefined || lacking.length > 0).toBe(true);
      if (!force) expectKept(before, after, real);
      model[who].files = after;
    },
  );

const FAILURES = [
  'would-lose-bytes',
  'would-undo-edits',
  'changed-on-both-sides',
  'object-missing',
  'object-damaged',
];

/** What was there before and is not now must be in the store. */
function expectKept(before: Side['files'], after: Side['files'], { holds }: Real): void {
  for (const [name, content] of before ?? []) {
    if (after?.get(name) !== content) expect([name, content, holds(content)]).toEqual([name, content, true]);
  }
}

const unlinkAll = (who: Who) =>
  step(
    `${who}: unlink`,
    ({ [who]: { files, pointer } }) => files !== undefined && pointer !== undefined,
    async (_model, real) => {
      await unlink({ paths: ['data'] }, real.of(who).call);
      for (const name of readdirSync(real.of(who).path('data'))) {
        expect(statSync(real.path(who, name)).nlink).toBe(1);
      }
    },
  );

/** A collection in one workspace takes nothing that the other needs. */
const collect = (who: Who) =>
  step(
    `${who}: gc`,
    () => true,
    async (model, real) => {
      const needed = [...contentsOf(model.a.pointer), ...contentsOf(model.b.pointer)];
      const { holds: had } = real;
      const kept = needed.filter(had);
      const nothing = { projects: [], forgetWorkspaces: [], allowMissing: false, dryRun: false };
      await gc({ ...nothing, workspace: true, unpushed: true, now: true }, real.of(who).call);
      const { holds } = real;
      expect(kept.filter((content) => !holds(content))).toEqual([]);
    },
  );

/** What still stands in the workspace is brought back, and nothing damaged is left to be served. */
const repair = (who: Who) =>
  step(
    `${who}: fsck --repair`,
    () => true,
    async (model, real) => {
      await fsck({ repair: true }, real.of(who).call);
      const { files, pointer } = model[who];
      const { holds } = real;
      const lost = [...(pointer ?? [])].filter(
        ([name, content]) => files?.get(name) === content && !holds(content),
      );
      expect(lost).toEqual([]);
      expect((await fsck({}, real.of(who).call)).damaged).toEqual([]);
    },
  );

const who = fc.constantFrom<Who>('a', 'b');
const name = fc.constantFrom('x', 'y');
const content = fc.constantFrom('AA', 'BB', 'AA', 'cc');
const links = fc.constantFrom<LinkType[] | undefined>(
  ['hardlink'],
  ['symlink'],
  ['reflink', 'copy'],
  undefined,
);

const steps: fc.Arbitrary<Step>[] = [
  fc.tuple(who, name, content).map((all) => write(...all)),
  fc.tuple(who, name, fc.constantFrom('1', '2')).map((all) => writeInto(...all)),
  fc.tuple(who, name).map((all) => removeFile(...all)),
  who.map(removeAll),
  who.map(add),
  who.map(add),
  fc.tuple(who, fc.record({ links, force: fc.boolean() })).map((all) => checkOut(...all)),
  fc.tuple(who, fc.record({ links, force: fc.boolean() })).map((all) => checkOut(...all)),
  who.map(unlinkAll),
  who.map(collect),
  who.map(repair),
];

/** Runs `numRuns` random sequences of at most `maxCommands` steps against the model. */
export function linkedAgree(numRuns: number, maxCommands: number): void {
  test(
    'two workspaces that share a store by links agree with a model after anything that people, commands and programs do',
    { timeout: 3_600_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.commands(steps, { maxCommands, size: 'max' }), async (commands) => {
          const real = new Real();
          await real.begin();
          const side = (): Side => ({ files: undefined, pointer: undefined });
          await fc.asyncModelRun(() => ({ model: { a: side(), b: side() }, real }), commands);
          rmSync(real.base, { recursive: true });
        }),
        { numRuns },
      );
    },
  );
}
