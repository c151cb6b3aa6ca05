import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FileTimes } from '../../../src/tracking/scan/file-times.js';
import { Scanned } from './scanned-folder.js';
import fc, { runs, RUNS } from '../../rig/fast-check.js';

/** What FAT and old network file systems have: steps of two seconds, and no time of change. */
const STEP_MS = 2000;
/** Times on disk that are later were given by the real clock, and not by the test yet. */
const TODAY_MS = 1e12;

const name = fc.constantFrom('a', 'b', 'sub/a', 'sub/b', 'sub/deep/c', '.ocrignore', 'sub/.ocrignore');
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      name,
      text: fc.constantFrom('1', '2', 'b', ''),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), name, to: name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('chmod' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mkdir' as const), name }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom<number[]>(1, 30, 500, 1999, 2100, 5000),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('scan' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A folder on a file system with a coarse clock that only the test moves. */
class CoarseFolder extends Scanned {
  protected now = 1e9;

  readonly times: FileTimes = {
    view: (stat) =>
      Object.assign(Object.create(Object.getPrototypeOf(stat) as object) as Stats, stat, { ctimeMs: 0 }),
    settledBefore: () => this.shown - 50,
    showsNames: () => true,
  };

  /** What the clock shows. */
  protected get shown(): number {
    return Math.floor(this.now / STEP_MS) * STEP_MS;
  }

  apply(action: Exclude<Step, { do: 'scan' }>): void {
    if (action.do === 'wait') this.now += action.ms;
    else {
      try {
        this.#change(action);
      } catch {
        // What the file system refuses is no change.
      }
      this.#giveTimes('data');
    }
  }

  #change(action: Exclude<Step, { do: 'scan' | 'wait' }>): void {
    const path = join(this.root, 'data', action.name);
    mkdirSync(dirname(path), { recursive: true });
    if (action.do === 'write') writeFileSync(path, action.text);
    else if (action.do === 'remove') rmSync(path, { recursive: true, force: true });
    else if (action.do === 'rename') renameSync(path, join(this.root, 'data', action.to));
    else if (action.do === 'chmod') chmodSync(path, lstatSync(path).mode ^ 0o100);
    else mkdirSync(path, { recursive: true });
  }

  #giveTimes(below: string): void {
    const path = join(this.root, below);
    if (lstatSync(path).isDirectory())
      for (const each of readdirSync(path)) this.#giveTimes(join(below, each));
    if (lstatSync(path).mtimeMs >= TODAY_MS) lutimesSync(path, this.shown / 1000, this.shown / 1000);
  }
}

/** The same on a clock that is as fine as real ones, and is set back and forth: no two changes get the same time. */
class UnsteadyFolder extends CoarseFolder {
  #changes = 0;

  override apply(action: Exclude<Step, { do: 'scan' }>): void {
    this.#changes += 1;
    super.apply(action);
  }

  protected override get shown(): number {
    return this.now + this.#changes / 1000;
  }
}

const unsteady = fc.oneof(
  { weight: 3, arbitrary: step },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom<number[]>(-20, -70, -5000, -86_400_000, 86_400_000),
    }),
  },
);

describe('on a clock that is set back and forth', () => {
  test(
    'a scan with a memory gives what one without gives, whenever what was changed',
    { timeout: 60_000 * RUNS },
    async () => {
      const law = fc.asyncProperty(fc.array(unsteady, { maxLength: 30 }), async (steps) => {
        const folder = new UnsteadyFolder();
        for (const action of [...steps, { do: 'scan' } as const]) {
          if (action.do !== 'scan') folder.apply(action);
          else expect((await folder.scan(folder.times)).id).toBe((await folder.scanAnew(folder.times)).id);
        }
      });
      await fc.assert(law, { numRuns: runs(100) });
    },
  );

  test('what is in the future is read by each scan, until its time has come', async () => {
    const folder = new UnsteadyFolder();
    const wait = (ms: number) => {
      folder.apply({ do: 'wait', ms });
    };
    folder.apply({ do: 'write', name: 'a', text: '1' });
    wait(-86_400_000);
    for (const ms of [100, 1000]) {
      expect((await folder.scan(folder.times)).read).toEqual(['1']);
      wait(ms);
    }
    wait(86_400_000);
    expect((await folder.scan(folder.times)).read).toEqual(['1']);
    expect((await folder.scan(folder.times)).read).toEqual([]);
  });
});

describe('on a clock that steps every two seconds', () => {
  test(
    'a scan with a memory gives what one without gives, whenever what was changed',
    { timeout: 60_000 * RUNS },
    async () => {
      const law = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const folder = new CoarseFolder();
        for (const action of [...steps, { do: 'scan' } as const]) {
          if (action.do !== 'scan') folder.apply(action);
          else expect((await folder.scan(folder.times)).id).toBe((await folder.scanAnew(folder.times)).id);
        }
      });
      await fc.assert(law, { numRuns: runs(150) });
    },
  );

  test('names that go and come back within a step are not taken for what they were', async () => {
    const folder = new CoarseFolder();
    const { id } = await (folder.apply({ do: 'write', name: 'a', text: '1' }), folder.scan(folder.times));
    folder.apply({ do: 'remove', name: 'a' });
    folder.apply({ do: 'write', name: 'b', text: '1' });
    const other = await folder.scan(folder.times);
    expect(other.id).not.toBe(id);
    folder.apply({ do: 'rename', name: 'b', to: 'a' });
    expect((await folder.scan(folder.times)).id).toBe(id);
  });
});

describe('what is changed without its own name', () => {
  test('through another hard link, is noticed', async () => {
    const folder = new Scanned();
    writeFileSync(join(folder.root, 'data/a'), 'one');
    linkSync(join(folder.root, 'data/a'), join(folder.root, 'other'));
    const { id } = await folder.scan();
    const { mtime } = lstatSync(join(folder.root, 'other'));
    writeFileSync(join(folder.root, 'other'), 'two');
    lutimesSync(join(folder.root, 'other'), mtime, mtime);
    expect((await folder.scan()).id).not.toBe(id);
  });

  test('by rules above the tracked folder, is noticed', async () => {
    const folder = new Scanned();
    mkdirSync(join(folder.root, 'data/sub'));
    for (const each of ['a', 'sub/a', 'sub/b']) writeFileSync(join(folder.root, 'data', each), each);
    const ids = [];
    for (const rules of ['', 'a\n', 'data/sub/a\n', '/data/sub/b\n']) {
      writeFileSync(join(folder.root, '.ocrignore'), rules);
      const { id } = await folder.scan();
      expect(id).toBe((await folder.scanAnew()).id);
      ids.push(id);
    }
    expect(new Set(ids).size).toBe(4);
  });
});

describe('a file whose time is in the future', () => {
  test('is read each time, and an edit that keeps its time is noticed', async () => {
    const folder = new Scanned();
    const file = join(folder.root, 'data/a');
    const future = new Date(Date.now() + 86_400_000);
    const write = (text: string) => {
      writeFileSync(file, text);
      lutimesSync(file, future, future);
    };
    const times: FileTimes = {
      view: (stat) =>
        Object.assign(Object.create(Object.getPrototypeOf(stat) as object) as Stats, stat, { ctimeMs: 0 }),
      settledBefore: () => Date.now(),
      showsNames: () => true,
    };
    write('one');
    const first = await folder.scan(times);
    expect((await folder.scan(times)).read).toEqual(['one']);
    write('two');
    expect((await folder.scan(times)).id).not.toBe(first.id);
  });
});
