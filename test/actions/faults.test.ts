import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkout } from '../../src/actions/checkout.js';
import { fsck } from '../../src/actions/fsck.js';
import { unlink } from '../../src/actions/unlink.js';
import { asOcrpipeError } from '../../src/cli/error-report.js';
import type { AbsPath } from '../../src/base/paths.js';
import { LocalStore } from '../../src/store/local-store.js';
import { PipelineWorkspace } from '../pipeline/pipeline-workspace.js';
import { asIfDied } from '../rig/crashes.js';
import { RUNS } from '../rig/drawn.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { systemError, watchChanges, type FileChange } from '../rig/watched-files.js';
import { listing } from '../tracking/listing.js';
import { damageObject } from './damage.js';
import { GcFolder } from './gc-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

/** What takes room on a disk. */
const TAKES_ROOM = new Set([
  ...['openSync', 'writeSync', 'mkdirSync', 'renameSync', 'linkSync', 'symlinkSync'],
  ...['copyFileSync', 'copyFile', 'mkdir', 'writeFile'],
]);
/** What reaches the disk itself. */
const REACHES_DISK = new Set(['writeSync', 'fsyncSync', 'renameSync', 'copyFile']);

/** Of what could fail, every so many are let fail: all where more than the usual number of cases is asked for. */
const EVERY = RUNS > 1 ? 1 : 3;

interface Trial {
  code: 'ENOSPC' | 'EDQUOT' | 'EIO';
  fails: ReadonlySet<string>;
  /** Whether the first failure is the last. */
  once: boolean;
}

const FULL: Trial = { code: 'ENOSPC', fails: TAKES_ROOM, once: false };
const BROKEN: Trial = { code: 'EIO', fails: REACHES_DISK, once: true };

/** Runs work that meets a failure at its n-th change of that kind; undefined once there are not so many. */
async function failAt(
  root: string,
  { code, fails, once }: Trial,
  { at, work }: { at: number; work: () => Promise<unknown> },
): Promise<{ error?: unknown } | undefined> {
  let count = 0;
  const stop = watchChanges((change: FileChange) => {
    if (!fails.has(change.call) || !change.paths.some((path) => path.startsWith(root))) return;
    count += 1;
    if (count === at || (count > at && !once)) throw systemError(code, change);
  });
  try {
    await work();
    return count < at ? undefined : {};
  } catch (error) {
    return { error };
  } finally {
    stop();
  }
}

/** Lets the work fail at each of its changes in turn, in a fresh copy each time, and calls `check` on what it left. */
async function failEverywhere(
  prepared: string,
  trial: Trial,
  on: {
    /** Every so many of those that are let fail. */
    step?: number;
    work: (root: AbsPath) => Promise<unknown>;
    check: (root: AbsPath) => Promise<void>;
  },
): Promise<number> {
  const step = EVERY * (on.step ?? 1);
  const copies = temporaryFolder();
  for (let at = 1; ; at += step) {
    const root = join(copies, String(at)) as AbsPath;
    cpSync(prepared, root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    const failed = await failAt(root, trial, { at, work: () => on.work(root) });
    if (failed === undefined) return at - step;
    try {
      if (failed.error !== undefined) expectClear(failed.error, trial.code);
      await on.check(root);
    } catch (error) {
      throw new Error(`failure ${at}`, { cause: error });
    }
    rmSync(root, { recursive: true });
  }
}

const CODES = { ENOSPC: 'disk-full', EDQUOT: 'disk-full', EIO: 'disk-failed' };

/** The error says what happened and what to do, under a code that stays. */
function expectClear(error: unknown, code: Trial['code']): void {
  const shown = asOcrpipeError(error, []);
  expect(shown).toMatchObject({ code: CODES[code], exitCode: 1 });
  expect(shown.hint).toMatch(/again/);
}

async function expectSound(root: AbsPath): Promise<void> {
  const { damaged, missing, problems, leftovers } = await fsck({}, new WorkspaceFolder(root).call);
  const left = [...leftovers.tmp, ...leftovers.quarantine, ...leftovers.unknown].map(({ file }) => file);
  expect({ damaged, missing, problems, left }).toEqual({ damaged: [], missing: [], problems: [], left: [] });
  expect(temporariesIn(root)).toEqual([]);
}

const temporariesIn = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('ocrpipe-tmp'));

function writeVersion(folder: WorkspaceFolder, version: number): void {
  folder.write('data/changed', `version ${version}`);
  folder.write('data/large', Buffer.alloc(1_100_000, version));
  folder.write(`data/new-${version}/file`, `new in ${version}`);
}

/** One version stored, the next in the workspace. */
async function twoVersions() {
  const folder = new WorkspaceFolder(temporaryFolder());
  folder.init();
  writeVersion(folder, 1);
  await folder.add('data');
  const first = { listing: listing(folder.path('data')), pointer: folder.read('data.ocr') };
  writeVersion(folder, 2);
  return { folder, first, second: listing(folder.path('data')) };
}

describe.each([
  ['a full disk', FULL],
  ['a disk that fails once', BROKEN],
])('%s', (_, trial) => {
  test.each(['add', 'commit'] as const)('stops %s cleanly, and the next one finishes', async (name) => {
    const { folder, second } = await twoVersions();
    const run = (root: AbsPath) => {
      const on = new WorkspaceFolder(root);
      return name === 'add' ? on.add('data') : on.commit();
    };
    const failures = await failEverywhere(folder.root, trial, {
      step: name === 'add' ? 1 : 2,
      work: run,
      check: async (root) => {
        await expectSound(root);
        const failed = new WorkspaceFolder(root);
        expect(listing(failed.path('data'))).toEqual(second);
        await run(root);
        expect(await failed.state('data')).toBe('clean');
        await expectSound(root);
      },
    });
    expect(failures).toBeGreaterThan(10);
  });

  test('stops checkout cleanly: each file is the old or the new one, and the next one finishes', async () => {
    const { folder, first, second } = await twoVersions();
    await folder.add('data');
    folder.write('data.ocr', first.pointer);
    const either = new Set([...first.listing, ...second]);
    await failEverywhere(folder.root, trial, {
      work: (root) => new WorkspaceFolder(root).checkout(),
      check: async (root) => {
        await expectSound(root);
        const failed = new WorkspaceFolder(root);
        for (const entry of listing(failed.path('data'))) expect(either).toContain(entry);
        await failed.checkout();
        expect(listing(failed.path('data'))).toEqual(first.listing);
      },
    });
  });

  test('leaves no part of a folder that is checked out where nothing was', async () => {
    const { folder, second } = await twoVersions();
    await folder.add('data');
    folder.remove('data');
    await failEverywhere(folder.root, trial, {
      work: (root) => new WorkspaceFolder(root).checkout(),
      check: async (root) => {
        await expectSound(root);
        const failed = new WorkspaceFolder(root);
        if (existsSync(failed.path('data'))) expect(listing(failed.path('data'))).toEqual(second);
        await failed.checkout();
        expect(listing(failed.path('data'))).toEqual(second);
      },
    });
  });
});

/** Both versions stored, the second one in place: its large file is a link to the store. */
async function twoStored() {
  const versions = await twoVersions();
  await versions.folder.add('data');
  versions.folder.remove('data');
  await checkout({ targets: [], force: false, links: ['hardlink'] }, versions.folder.call);
  return versions;
}

describe.each([
  ['a full disk', FULL],
  ['a disk that fails once', BROKEN],
])('%s', (_, trial) => {
  test('stops mv cleanly, and the same mv finishes', async () => {
    const { folder, second } = await twoStored();
    const work = async (root: AbsPath) => {
      const on = new WorkspaceFolder(root);
      // What had only to be told as done is no longer there.
      if (existsSync(on.path('data.ocr'))) await on.mv('data', 'moved');
    };
    const check = async (root: AbsPath) => {
      await expectSound(root);
      await work(root);
      const moved = new WorkspaceFolder(root);
      expect(listing(moved.path('moved'))).toEqual(second);
      expect((await moved.status()).tracked).toMatchObject([{ path: 'moved', state: 'clean' }]);
    };
    expect(await failEverywhere(folder.root, trial, { work, check })).toBeGreaterThan(5);
  });

  test('stops rm cleanly, and the same rm finishes', async () => {
    const { folder, second } = await twoStored();
    const work = async (root: AbsPath) => {
      const on = new WorkspaceFolder(root);
      if (existsSync(on.path('data.ocr'))) await on.rm(['data'], { deleteFiles: true, recursive: true });
    };
    const check = async (root: AbsPath) => {
      await expectSound(root);
      const failed = new WorkspaceFolder(root);
      if (existsSync(failed.path('data')))
        for (const entry of listing(failed.path('data'))) expect(second).toContain(entry);
      await work(root);
      expect(readdirSync(root)).toEqual(['.ocrstore']);
    };
    expect(await failEverywhere(folder.root, trial, { work, check })).toBeGreaterThan(3);
  });

  test('stops gc cleanly, and the next one finishes', async () => {
    const { folder, second } = await twoStored();
    const work = (root: AbsPath) => new GcFolder(root).gc({ now: true });
    const check = async (root: AbsPath) => {
      await expectSound(root);
      const left = new GcFolder(root);
      await work(root);
      expect([left.files('trash'), left.files('objects').length]).toEqual([[], 1]);
      left.remove('data');
      await left.checkout();
      expect(listing(left.path('data'))).toEqual(second);
    };
    expect(await failEverywhere(folder.root, trial, { work, check })).toBeGreaterThan(3);
  });

  test('stops unlink cleanly, and the next one finishes', async () => {
    const { folder, second } = await twoStored();
    const linked = (root: AbsPath) => statSync(join(root, 'data/large')).nlink > 1;
    expect(linked(folder.root)).toBe(true);
    const work = (root: AbsPath) => unlink({ paths: ['.'] }, new WorkspaceFolder(root).call);
    const check = async (root: AbsPath) => {
      await expectSound(root);
      const contents = (of: string[]) => of.map((entry) => entry.replace(/ [0-7]+ /, ' '));
      expect(contents(listing(join(root, 'data')))).toEqual(contents(second));
      await work(root);
      expect(linked(root)).toBe(false);
      expect(await new WorkspaceFolder(root).state('data')).toBe('clean');
    };
    expect(await failEverywhere(folder.root, trial, { work, check })).toBeGreaterThan(0);
  });

  test('stops fsck --repair cleanly, and the next one finishes', async () => {
    const { folder, second } = await twoVersions();
    await folder.add('data');
    const store = LocalStore.open(folder.path('.ocrstore'));
    for (const table of store.packs())
      for (const { kind, id } of table.entries()) if (kind === 'blob') damageObject(store, kind, id);
    for (const { id } of store.looseObjects()) damageObject(store, 'blob', id);
    store.close();
    const repair = (root: AbsPath) => fsck({ repair: true }, new WorkspaceFolder(root).call);
    const check = async (root: AbsPath) => {
      const healed = new WorkspaceFolder(root);
      expect(listing(healed.path('data'))).toEqual(second);
      await repair(root);
      const { damaged, missing } = await fsck({}, healed.call);
      expect({ damaged, missing }).toEqual({ damaged: [], missing: [] });
      healed.remove('data');
      await healed.checkout();
      expect(listing(healed.path('data'))).toEqual(second);
    };
    expect(await failEverywhere(folder.root, trial, { work: repair, check })).toBeGreaterThan(5);
  });
});

/** One stage that copies its data, and leaves a metric. */
const STAGES = `stages:
  copy:
    run: mkdir -p out && cp -r data out/ && echo '{"n":1}' > n.json
    deps: [data]
    outs: [out]
    metrics: [n.json]
`;

test('a full disk stops repro cleanly, and the next one finishes', async () => {
  const prepared = new PipelineWorkspace();
  prepared.write('data/a', 'a');
  await prepared.add('data');
  prepared.write('pipeline.yaml', STAGES);
  const work = async (root: AbsPath) => {
    const { stages } = await new PipelineWorkspace(root).repro();
    expect(stages.flatMap(({ error }) => error ?? [])).toEqual([]);
  };
  const check = async (root: AbsPath) => {
    await expectSound(root);
    await work(root);
    const finished = new PipelineWorkspace(root);
    expect(finished.read('out/data/a')).toBe('a');
    expect((await finished.repro()).stages).toMatchObject([{ action: 'fresh' }]);
  };
  const failures = await failEverywhere(prepared.root, FULL, { step: 2, work, check });
  expect(failures).toBeGreaterThan(10);
});

describe.each([
  ['is gone', () => undefined],
  [
    'is gone, and an empty folder stands in its place',
    (place: string) => {
      mkdirSync(place);
    },
  ],
])('a store that %s in the middle', (_, instead) => {
  /** Takes the store away just before the n-th change; false if there are not so many. */
  async function takenAt(root: string, at: number, work: () => Promise<unknown>): Promise<boolean> {
    let count = 0;
    const stop = watchChanges(({ paths }) => {
      if (!paths.some((path) => path.startsWith(root))) return;
      count += 1;
      if (count !== at) return;
      renameSync(join(root, '.ocrstore'), join(root, 'away'));
      instead(join(root, '.ocrstore'));
    });
    try {
      await work();
    } catch (error) {
      expect(asOcrpipeError(error, []).code, String(error)).not.toBe('internal-error');
    } finally {
      stop();
    }
    return count >= at;
  }

  test.each(['add', 'commit'] as const)('leaves no pointer to nothing of %s', async (name) => {
    const { folder, second } = await twoVersions();
    const copies = temporaryFolder();
    let taken = true;
    // Every fourth change, and other ones of each; before the first few, the store is not yet opened.
    for (let at = name === 'add' ? 9 : 11; taken; at += 4) {
      const failed = new WorkspaceFolder(join(copies, String(at)) as AbsPath);
      cpSync(folder.root, failed.root, { recursive: true, preserveTimestamps: true });
      const run = () => (name === 'add' ? failed.add('data') : failed.commit());
      taken = await takenAt(failed.root, at, run);
      if (taken) {
        failed.remove('.ocrstore');
        renameSync(failed.path('away'), failed.path('.ocrstore'));
        asIfDied(failed.path('.ocrstore'));
      }
      const { damaged, missing } = await fsck({}, failed.call);
      expect({ at, damaged, missing }).toEqual({ at, damaged: [], missing: [] });
      expect(listing(failed.path('data'))).toEqual(second);
      await run();
      expect(await failed.state('data')).toBe('clean');
      failed.remove('.');
    }
  });
});
