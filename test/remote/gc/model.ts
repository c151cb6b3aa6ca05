import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from '../../rig/fast-check.js';
import { expect, onTestFinished } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import type { ContentId } from '../../../src/base/content-id.js';
import { OcrpipeError } from '../../../src/base/errors.js';
import { MemoryRemote } from '../../../src/remote/backends/memory.js';
import type { Remote } from '../../../src/remote/backends/remote.js';
import { loadView } from '../../../src/remote/catalog/load-view.js';
import type { ViewCache } from '../../../src/remote/catalog/view-cache.js';
import type { RemoteView } from '../../../src/remote/catalog/view.js';
import { collectRemote } from '../../../src/remote/gc/collect-remote.js';
import { push } from '../../../src/remote/push/push.js';
import { objectsOf } from '../../../src/store/closure.js';
import { findPath } from '../../../src/store/tree-reader.js';
import { objectKey, objectOfKey, packKey, packOfKey, type ObjectKind } from '../../../src/store/format.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { Machine } from '../rig.js';
import { Interleaving } from './interleaved.js';
import { Pullers } from './pullers.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** Where Linux keeps files in memory. */
const MEMORY = '/dev/shm';
/** So many turns others have for one of somebody who pulls. */
const SLOWNESS = 12;
/** Trees that share files and folders, small and large. */
const TREES = 6;
/** What lies in them and is pulled by itself, too. */
const PARTS = ['b', 'sub', 'sub/deeper', 'x', 'other/sub', 'part'];

/** What somebody does with the remote. */
type Actor =
  | { do: 'push'; tree: number; project: string }
  | { do: 'collect'; pointed: readonly number[] }
  | { do: 'pull'; tree: number; part: number; who: 'fresh' | 'returning' };

interface Round {
  readonly actors: readonly Actor[];
  /** Days that pass before. */
  readonly after: number;
}

/** Choices of the order of steps, read one after the other; then always the first that waits. */
export interface Script {
  readonly rounds: readonly Round[];
  readonly choices: readonly number[];
}

const tree = fc.nat({ max: TREES - 1 });
const pushing: fc.Arbitrary<Actor> = fc.record({
  do: fc.constant('push'),
  tree,
  project: fc.constantFrom('ours', 'ours', 'theirs'),
});
const collecting: fc.Arbitrary<Actor> = fc.record({
  do: fc.constant('collect'),
  pointed: fc.uniqueArray(tree, { maxLength: 2 }),
});
const pulling: fc.Arbitrary<Actor> = fc.record({
  do: fc.constant('pull'),
  tree,
  part: fc.nat({ max: 9 }),
  who: fc.constantFrom('fresh', 'returning'),
});
/** People push, then others do, and pull, while somebody collects what became garbage meanwhile, again and again. */
const first = fc.record({
  actors: fc.array(pushing, { minLength: 1, maxLength: 3 }),
  after: fc.constant(0),
});
const later = fc.record({
  actors: fc
    .tuple(
      fc.array(pushing, { maxLength: 2 }),
      fc.array(collecting, { minLength: 1, maxLength: 3, size: 'small' }),
      fc.array(pulling, { maxLength: 2 }),
    )
    .map((each) => each.flat()),
  after: fc.constantFrom(40, 8, 8, 1),
});
export const scripts: fc.Arbitrary<Script> = fc.record({
  rounds: fc
    .tuple(first, fc.array(later, { minLength: 1, maxLength: 4, size: 'max' }))
    .map(([one, others]) => [one, ...others]),
  choices: fc.array(fc.nat({ max: 999 }), { maxLength: 200, size: 'max' }),
});

/** What was pushed with success. */
interface Pushed {
  readonly tree: number;
  readonly project: string;
  readonly begunMs: number;
}

/** In memory where that can be had: thousands of packs are flushed to disk. */
function quickFolder(): string {
  if (!existsSync(MEMORY)) return temporaryFolder();
  const folder = mkdtempSync(join(MEMORY, 'ocrpipe-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Stores and trees that all runs share: nothing that is done with a remote changes them. */
export class World {
  readonly machine = new Machine(quickFolder());
  /** Of somebody who has nothing of it. */
  readonly empty = new Machine(quickFolder());
  readonly trees: readonly ContentId[];
  readonly objects: readonly { kind: ObjectKind; id: ContentId }[][];
  /** Paths in each tree. */
  readonly parts: readonly string[][];
  /** Where those who pull have their stores. */
  readonly folder = quickFolder();

  constructor() {
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name) => Buffer.alloc(60, name));
    const x = Buffer.alloc(1_048_576, 'x');
    const sub = { d: d!, deeper: { e: e! } };
    this.trees = [
      { a: a!, b: b! },
      { b: b!, c: c!, sub },
      { sub, x },
      { x, e: e! },
      { a: a!, other: { sub } },
      // Read by two ranges of one pack.
      { a: a!, filling: Buffer.alloc(80_000, 'f'), part: { a: a!, e: e! } },
    ].map((folder) => this.machine.add(folder));
    const treeOf = (id: ContentId) => ({ reader: this.machine.store, id });
    this.objects = this.trees.map((id) => [...objectsOf(treeOf(id))]);
    this.parts = this.trees.map((id) => PARTS.filter((path) => findPath(treeOf(id), path) !== undefined));
  }
}

/** One remote, and what people did with it. */
class Run {
  readonly objects = new Map<string, Buffer>();
  readonly pushed: Pushed[] = [];
  readonly #world: World;
  readonly #choices: readonly number[];
  readonly #always: ReadonlySet<number>;
  #next = 0;
  nowMs = Date.parse('2026-01-01T00:00:00.000Z');
  readonly told: string[] = [];
  readonly #pullers: Pullers;

  constructor(world: World, { rounds, choices }: Script) {
    this.#world = world;
    this.#choices = choices;
    this.#pullers = new Pullers(world.folder, { sender: world.machine, objects: world.objects.flat() });
    const pointed = rounds.flatMap(({ actors }) =>
      actors.flatMap((each) => (each.do === 'collect' ? [new Set(each.pointed)] : [])),
    );
    const all = world.trees.map((_id, index) => index);
    this.#always = new Set(all.filter((index) => pointed.every((each) => each.has(index))));
  }

  open(): Remote {
    return new MemoryRemote('memory', this.objects, () => new Date(this.nowMs));
  }

  async round({ actors, after }: Round): Promise<void> {
    this.nowMs += after * DAY_MS;
    this.told.push(`${after} days later`);
    const known = this.pushed.map((each) => each.tree);
    const interleaving = new Interleaving((waiting) => this.#choose(waiting), this.told);

    const all = actors.map((actor, index) => {
      // Mostly what once was there.
      const each = actor.do === 'pull' ? { ...actor, tree: known[actor.tree] ?? actor.tree } : actor;
      const name = `${index} ${this.#nameOf(each)}`;
      return interleaving.run(name, this.#watched(this.open()), (remote) => this.#act(each, remote));
    });
    await Promise.all(all);
    this.#pullers.allEnded();
  }

  #nameOf(actor: Actor): string {
    if (actor.do === 'push') return `push ${actor.tree} of ${actor.project}`;
    if (actor.do === 'collect') return `collect but ${actor.pointed.join()}`;
    return `${actor.who} pull of ${actor.tree} ${this.#partOf(actor) ?? ''}`;
  }

  #partOf({ tree: index, part }: { tree: number; part: number }): string | undefined {
    return this.#world.parts[index]![part];
  }

  /** An actor, sometimes that the clock goes on, seldom that somebody dies. */
  #choose(waiting: readonly { actor: string; what: string }[]): number | 'killed' | 'other' {
    const choice = this.#choices[this.#next] ?? Math.imul(this.#next + 1, 0x9e3779b1) >>> 22;
    this.#next += 1;
    if (choice >= 990) return 'killed';
    if (choice >= 900 && !waiting.some(({ what }) => what.startsWith('delete'))) {
      const hours = [1, 24, 192, 192][choice % 4]!;
      this.nowMs += hours * HOUR_MS;
      this.told.push(`${hours} hours later`);
      return 'other';
    }
    // Who pulls takes little of a round otherwise, and would see nothing of what the others do.
    const turns = waiting.flatMap(({ actor }, index) =>
      actor.includes(' pull ') ? [index] : Array<number>(SLOWNESS).fill(index),
    );
    return turns[choice % turns.length]!;
  }

  async #act(actor: Actor, remote: Remote): Promise<void> {
    if (actor.do === 'pull') return this.pull(actor, remote);
    const begunMs = this.nowMs;
    try {
      if (actor.do === 'push') {
        await this.push(actor, remote);
        this.pushed.push({ tree: actor.tree, project: actor.project, begunMs });
      } else await this.collect(actor.pointed, remote);
    } catch (error) {
      // Who cannot go on says so, and loses nothing.
      if (!(error instanceof OcrpipeError) || !EXPECTED.has(error.code)) throw error;
    }
  }

  async push({ tree: index, project }: { tree: number; project: string }, remote: Remote): Promise<void> {
    const { store, runs } = this.#world.machine;
    await push({
      ...{ remote, cache: new MemoryCache(), accept: '', jobs: 1, events: noEvents },
      source: { store, runs },
      wanted: {
        roots: [{ id: this.#world.trees[index]!, kind: 'tree', name: `tree ${index}` }],
        runs: [],
        project,
      },
      signal: new AbortController().signal,
    });
  }

  /** What is to be kept all the time comes, whatever happens to the remote meanwhile; of anything else it is said that it is missing. */
  async pull(actor: Actor & { do: 'pull' }, remote: Remote): Promise<void> {
    const { tree: index, who } = actor;
    const before = this.required();
    const below = this.#partOf(actor);
    const wanted = { id: this.#world.trees[index]!, ...(below !== undefined && { below }) };
    if (await this.#pullers.pull(remote, wanted, who)) return;
    const after = new Set(this.required());
    if (before.some((each) => each.tree === index && after.has(each)))
      throw new Error(`lost: what ${this.#nameOf(actor)} wants`);
  }

  close(): void {
    this.#pullers.close();
  }

  async collect(pointed: readonly number[], remote: Remote): Promise<void> {
    const { store, runs } = this.#world.empty;
    const roots = pointed.map((index) => ({
      ...{ id: this.#world.trees[index]!, kind: 'tree' as const, needer: `tree ${index}` },
      ...{ optional: true, recorded: false },
    }));
    await collectRemote({
      ...{ remote, cache: new MemoryCache(), accept: '', jobs: 1, events: noEvents, store, runs },
      ...{ project: 'ours', needed: { roots, runs: [] }, outsOf: () => undefined },
      ...{ recentMs: 31 * DAY_MS, graceMs: 7 * DAY_MS, allowMissing: false, dryRun: false },
      signal: new AbortController().signal,
    });
  }

  /** Looks whether anything is lost whenever it might have got so. */
  #watched(remote: Remote): Remote {
    const check = async (key: string): Promise<void> => {
      if (key.includes('base-') || !key.endsWith('.cat')) await this.expectWhole();
    };
    return new Proxy(remote, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name === 'delete' || name === 'put') {
          return async (key: string, ...rest: unknown[]) => {
            const done: unknown = await (value as (...all: unknown[]) => unknown).call(target, key, ...rest);
            await check(key);
            return done;
          };
        }
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  /** Everything that was pushed and is still to be kept is named, and is there. */
  async expectWhole(): Promise<RemoteView> {
    const view = await loadView({ remote: this.open(), cache: new MemoryCache(), accept: '' });
    for (const { tree: index } of this.required()) {
      for (const { kind, id } of this.#world.objects[index]!) {
        const place = view.find(kind, id);
        if (place === undefined || !this.objects.has(place.key))
          throw new Error(`lost: ${kind} ${id} of tree ${index}, ${place?.key ?? 'which nothing names'}`);
      }
    }
    return view;
  }

  required(): Pushed[] {
    return this.pushed.filter(
      ({ tree: index, project, begunMs }) =>
        project !== 'ours' || this.#always.has(index) || this.nowMs - begunMs < 30 * DAY_MS,
    );
  }
}

const EXPECTED = new Set(['remote-unsteady', 'remote-collecting', 'needed-tree-missing']);

/** Nothing that a successful push brought is ever missing; and once all is quiet, nothing is there twice or for nothing. */
export async function expectNothingLost(world: World, script: Script): Promise<void> {
  const run = new Run(world, script);
  try {
    for (const each of script.rounds) await run.round(each);
    await run.expectWhole();
    const pointed = run.required().map(({ tree: index }) => index);
    for (const days of [1, 10, 10, 10]) {
      run.nowMs += days * DAY_MS;
      await run.collect([...new Set(pointed)], run.open());
      await run.expectWhole();
    }
    expectTidy(run, await run.expectWhole());
  } catch (error) {
    throw new Error(run.told.join('\n'), { cause: error });
  } finally {
    run.close();
  }
}

/** Little of what packs hold stands elsewhere too, and each file is named. */
function expectTidy(run: Run, view: RemoteView): void {
  const seen = new Set<string>();
  const bytes = { all: 0, again: 0 };
  const files = new Set([...view.large.keys()].map(objectKey));
  for (const table of view.packs) {
    const key = packKey(table.packId);
    files.add(key);
    if (view.isCondemned(key)) continue;
    for (const { kind, id, length } of table.entries()) {
      bytes.all += length;
      if (seen.has(kind + id)) bytes.again += length;
      seen.add(kind + id);
    }
  }
  const data = [...run.objects.keys()].filter((key) => (packOfKey(key) ?? objectOfKey(key)) !== undefined);
  expect(bytes.again).toBeLessThanOrEqual(bytes.all / 4);
  expect(data.filter((key) => !files.has(key) && !view.isTaken(key))).toEqual([]);
}

/** Remembers nothing but what one command needs twice. */
class MemoryCache implements ViewCache {
  readonly #files = new Map<string, Buffer>();

  catalog(id: ContentId): Buffer | undefined {
    return this.#files.get(id);
  }

  putCatalog(id: ContentId, bytes: Buffer): void {
    this.#files.set(id, bytes);
  }

  note(name: string): Buffer | undefined {
    return this.#files.get(name);
  }

  putNote(name: string, bytes: Uint8Array): void {
    this.#files.set(name, Buffer.from(bytes));
  }

  notes(): string[] {
    return [...this.#files.keys()];
  }
}
