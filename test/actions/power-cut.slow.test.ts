import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { configChange } from '../../src/actions/config-change.js';
import { fsck } from '../../src/actions/fsck.js';
import type { AbsPath, RepoPath } from '../../src/base/paths.js';
import { LocalStore } from '../../src/store/local-store.js';
import { TrackedFiles } from '../../src/tracking/tracked-files.js';
import { Workspace } from '../../src/project/workspace.js';
import { PipelineWorkspace } from '../pipeline/pipeline-workspace.js';
import { asIfDied } from '../rig/crashes.js';
import { UnreliableDisk, writeRemains } from '../rig/power-cut.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';
import { GcFolder } from './gc-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

function writeVersion(folder: WorkspaceFolder, version: number): void {
  folder.write('data/same', 'the same in both');
  folder.write('data/changed', `version ${version}`);
  folder.write(`data/new-${version}/file`, `new in ${version}`);
  folder.write('data/large', Buffer.alloc(1_050_000, version));
}

/** What `add` does with single files of a workspace that git holds; git itself is not asked. */
async function addAsInGit(folder: WorkspaceFolder, names: readonly string[]): Promise<void> {
  const store = LocalStore.open(folder.path('.ocrstore'));
  const files = new TrackedFiles({ root: folder.root, store, git: true, command: 'test' });
  const paths = names.map((name) => name as RepoPath);
  const snapshots = await files.storeAll(paths);
  await files.writePointers(paths.map((path, index) => ({ path, snapshot: snapshots[index]! })));
  store.close();
}

function readIfThere(folder: WorkspaceFolder, name: string): string | undefined {
  return existsSync(folder.path(name)) ? folder.read(name) : undefined;
}

/** Whatever a power cut left, pointers name what is there and sound; then `check` looks at it. */
async function afterEach(
  disk: UnreliableDisk,
  check: (folder: WorkspaceFolder) => Promise<void>,
  { every = 5, each = () => undefined }: { every?: number; each?: (folder: WorkspaceFolder) => void } = {},
): Promise<number> {
  const copies = temporaryFolder();
  for (const [number, left] of disk.remains.entries()) {
    const folder = new WorkspaceFolder(join(copies, String(number)) as AbsPath);
    writeRemains(left, folder.root);
    asIfDied(folder.root);
    // Of a lock whose bytes are gone nobody knows the holder: the next one waits for two seconds, which is tested with the locks.
    folder.remove('.ocrstore/locks');
    const { damaged, missing, problems, notRestorable } = await fsck({}, folder.call);
    expect({ number, damaged, missing, problems, notRestorable }).toEqual({
      number,
      damaged: [],
      missing: [],
      problems: [],
      notRestorable: [],
    });
    each(folder);
    // Not always: the checks run commands.
    if (number % every === 0) await check(folder);
    rmSync(folder.root, { recursive: true });
  }
  return disk.remains.length;
}

/** Whatever a power cut now could leave is what a command that has ended said that it did. */
async function expectDone(disk: UnreliableDisk, check: (left: AbsPath) => unknown): Promise<void> {
  const copies = temporaryFolder();
  for (const [number, left] of disk.mixtures().entries()) {
    const root = join(copies, String(number)) as AbsPath;
    writeRemains(left, root);
    asIfDied(root);
    await check(root);
  }
  rmSync(copies, { recursive: true });
}

/** A workspace of one stage, and the disk that its repro ran on. */
async function reproduced(): Promise<{ workspace: PipelineWorkspace; disk: UnreliableDisk }> {
  const workspace = new PipelineWorkspace();
  workspace.write('data/a', 'a');
  await workspace.add('data');
  workspace.write('pipeline.yaml', 'stages: {copy: {run: cp data/a out, deps: [data], outs: [out]}}');
  const disk = new UnreliableDisk(workspace.root);
  await disk.run(() => workspace.repro());
  return { workspace, disk };
}

describe('a power cut after a command has ended', () => {
  test('leaves the pointer, the ignore entry and the settings that it wrote, and not those that it took away', async () => {
    const folder = GcFolder.withGit();
    writeVersion(folder, 1);
    await folder.add('data');
    writeVersion(folder, 2);
    const disk = new UnreliableDisk(folder.root);
    const files = ['data.ocr', 'moved.ocr', '.gitignore', '.ocrstore/config.yaml'];
    // An empty .gitignore is as good as none.
    const contents = (of: WorkspaceFolder) =>
      Object.fromEntries(files.map((name) => [name, existsSync(of.path(name)) ? of.read(name) : '']));
    const setting = { name: 'gc.grace', value: '30d', scope: 'shared' } as const;
    const commands: [string, () => Promise<unknown>][] = [
      ['add', () => folder.add('data')],
      ['config', () => configChange(setting, folder.call)],
      ['mv', () => folder.mv('data', 'moved')],
      ['rm', () => folder.rm(['moved'])],
    ];
    const seen = new Set([JSON.stringify(contents(folder))]);
    for (const [command, run] of commands) {
      await disk.run(run);
      seen.add(JSON.stringify(contents(folder)));
      await expectDone(disk, (root) => {
        expect({ command, ...contents(new WorkspaceFolder(root)) }).toEqual({ command, ...contents(folder) });
      });
    }
    expect(seen.size).toBe(5);
  });

  test('leaves the lock, the pointers and the store of a repro', async () => {
    const { workspace, disk } = await reproduced();
    await expectDone(disk, async (root) => {
      const left = new PipelineWorkspace(root);
      for (const name of ['pipeline.lock', 'out.ocr']) expect(left.read(name)).toBe(workspace.read(name));
      rmSync(join(root, 'out'), { force: true });
      expect((await left.repro()).stages).toMatchObject([{ name: 'copy', action: 'restored' }]);
    });
  });

  test('leaves what a checkout that ends needs, to be told from what people edit', async () => {
    const folder = new WorkspaceFolder(temporaryFolder());
    folder.init();
    writeVersion(folder, 1);
    await folder.add('data');
    const first = folder.read('data.ocr');
    writeVersion(folder, 2);
    await folder.add('data');
    folder.write('data.ocr', first);
    const disk = new UnreliableDisk(folder.root);
    await disk.run(() => folder.checkout());
    await expectDone(disk, (root) => {
      const { files } = Workspace.open({ ...folder.call, cwd: root }, 'test');
      expect(files.remembered('data' as RepoPath)).toEqual({ lastPut: files.pointer('data' as RepoPath) });
    });
  });
});

describe('a power cut', () => {
  test('at any moment of add leaves no pointer to nothing, and the next one finishes', async () => {
    const folder = new WorkspaceFolder(temporaryFolder());
    folder.init();
    writeVersion(folder, 1);
    await folder.add('data');
    writeVersion(folder, 2);
    const second = listing(folder.path('data'));
    const disk = new UnreliableDisk(folder.root);
    await disk.run(() => folder.add('data'));
    const cuts = await afterEach(disk, async (left) => {
      expect(listing(left.path('data'))).toEqual(second);
      await left.add('data');
      expect(await left.state('data')).toBe('clean');
    });
    expect(cuts).toBeGreaterThan(10);
  });

  test.each([
    ['all flushed at once', undefined],
    ['each flushed by itself, where no program flushes them all', '/nowhere'],
  ])('at any moment of add of many single files leaves whole files only: %s', async (_how, path) => {
    const folder = new WorkspaceFolder(temporaryFolder());
    folder.init();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(
      (name) => `${name < 'e' ? 'one' : 'two'}/${name}`,
    );
    const before = 'of somebody else\n';
    folder.write('one/.gitignore', before);
    for (const name of names) folder.write(name, `bytes of ${name}`);
    const disk = new UnreliableDisk(folder.root);
    if (path !== undefined) vi.stubEnv('PATH', path);
    try {
      await disk.run(() => addAsInGit(folder, names));
    } finally {
      vi.unstubAllEnvs();
    }
    const ignores = ['one', 'two'].map((name) => folder.read(`${name}/.gitignore`));
    const texts = new Map(names.map((name) => [name, folder.read(`${name}.ocr`)]));
    const cuts = await afterEach(
      disk,
      async (left) => {
        await addAsInGit(left, names);
        for (const name of names) expect(await left.state(name)).toBe('clean');
      },
      {
        every: 20,
        each: (left) => {
          expect([before, ignores[0]]).toContain(left.read('one/.gitignore'));
          expect([undefined, ignores[1]]).toContain(readIfThere(left, 'two/.gitignore'));
          for (const [name, text] of texts) {
            const pointer = readIfThere(left, `${name}.ocr`);
            expect([undefined, text]).toContain(pointer);
            // Git never sees the data itself.
            const ignore = readIfThere(left, `${name.slice(0, 3)}/.gitignore`);
            if (pointer !== undefined) expect(ignore).toContain(`/${name.slice(4)}\n`);
          }
        },
      },
    );
    expect(cuts).toBeGreaterThan(15);
  });

  test('leaves no pointer to what another command stored that had not reached the disk', async () => {
    const folder = new WorkspaceFolder(temporaryFolder());
    folder.init();
    writeVersion(folder, 1);
    const disk = new UnreliableDisk(folder.root);
    // It was killed before it could flush the folders.
    await disk.run(
      () => Workspace.open(folder.call, 'test').files.store('data' as RepoPath),
      (path) => /packs|objects/.test(path) && !/\.pack$|[0-9a-f]{62}$|tmp/.test(path),
    );
    await disk.run(() => folder.add('data'));
    await afterEach(disk, async (left) => {
      await left.add('data');
    });
  });

  test('at any moment of a checkout loses no byte that is not in the store, and the next one finishes', async () => {
    const folder = new WorkspaceFolder(temporaryFolder());
    folder.init();
    writeVersion(folder, 1);
    await folder.add('data');
    const first = { pointer: folder.read('data.ocr'), listing: listing(folder.path('data')) };
    writeVersion(folder, 2);
    await folder.add('data');
    folder.write('data.ocr', first.pointer);
    const disk = new UnreliableDisk(folder.root);
    await disk.run(() => folder.checkout());
    await afterEach(disk, async (left) => {
      await left.checkout([], true);
      expect(listing(left.path('data'))).toEqual(first.listing);
    });
  });

  test('at any moment of repro leaves no lock and no pointer to nothing', async () => {
    const { disk } = await reproduced();
    await afterEach(
      disk,
      async ({ root }) => {
        const left = new PipelineWorkspace(root);
        await left.repro({ force: true });
        expect(left.read('out')).toBe('a');
      },
      { every: 30 },
    );
  });
});
