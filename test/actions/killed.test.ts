import { chmodSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import type { AbsPath, RepoPath } from '../../src/base/paths.js';
import { Workspace } from '../../src/project/workspace.js';
import { killedAt } from '../rig/action-process.js';
import { crashesOf, pointsMet } from '../rig/crashes.js';
import { git, gitRepository } from '../rig/git-repository.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';
import { expectSound } from './expect-sound.js';
import { WorkspaceFolder } from './workspace-folder.js';

const data = 'data' as RepoPath;

/** Writes what `version` of the data holds: files changed, added, removed, a folder that becomes a file, a link that moves. */
function writeVersion(folder: WorkspaceFolder, version: 1 | 2): void {
  folder.remove('data');
  folder.write('data/same', 'the same in both');
  folder.write('data/changed', `version ${version}`);
  folder.write('data/large', Buffer.alloc(1_100_000, version));
  // Large enough to be written past the slab, small enough for a pack.
  folder.write('data/medium', Buffer.alloc(600_000, version));
  folder.write(`data/only-${version}`, `only in ${version}`);
  folder.write(`data/new-folder-${version}/deep/file`, `deep ${version}`);
  folder.write(version === 1 ? 'data/kind/inside' : 'data/kind', 'a folder, then a file');
  symlinkSync(version === 1 ? 'same' : 'changed', folder.path('data/link'));
}

/** The write points at which something died so far. */
const met: { site: string }[] = [];

/** Lets the work die at each of its write points, and calls `check` with what it left each time. Returns how often. */
async function killEverywhere(
  folder: WorkspaceFolder,
  work: () => unknown,
  check: (killed: WorkspaceFolder) => Promise<void>,
): Promise<number> {
  const crashes = await crashesOf(folder.root, work);
  for (const { site, root } of crashes) {
    met.push({ site });
    const killed = new WorkspaceFolder(root as AbsPath);
    try {
      await expectSound(killed);
      await check(killed);
      await expectSound(killed);
    } catch (error) {
      throw new Error(`killed at ${site}`, { cause: error });
    }
    rmSync(root, { recursive: true });
  }
  return crashes.length;
}

/** The first version is stored, the second one stands in the workspace. */
async function twoVersions(): Promise<{ folder: WorkspaceFolder; first: string[]; second: string[] }> {
  const folder = new WorkspaceFolder(temporaryFolder());
  folder.init();
  writeVersion(folder, 1);
  await folder.add('data');
  const first = listing(folder.path('data'));
  writeVersion(folder, 2);
  return { folder, first, second: listing(folder.path('data')) };
}

/** Both versions are stored, the second one stands in the workspace, the pointer names the first. */
async function pointerMovedBack() {
  const versions = await twoVersions();
  const old = versions.folder.read('data.ocr');
  await versions.folder.add('data');
  versions.folder.write('data.ocr', old);
  return versions;
}

describe('a command that is killed at any of its writes', () => {
  test('add of something new: no byte is lost, and running it again finishes the work', async () => {
    const folder = new WorkspaceFolder(temporaryFolder());
    folder.init();
    writeVersion(folder, 1);
    leaveAbandoned(folder);
    const before = listing(folder.path('data'));
    const kills = await killEverywhere(
      folder,
      () => folder.add('data'),
      async (killed) => {
        expect(listing(killed.path('data'))).toEqual(before);
        await killed.add('data');
        expect(listing(killed.path('data'))).toEqual(before);
        expect(await killed.state('data')).toBe('clean');
        killed.remove('data');
        await killed.checkout();
        expect(listing(killed.path('data'))).toEqual(before);
      },
    );
    expect(kills).toBeGreaterThan(12);
  });

  test.each(['add', 'commit'] as const)(
    '%s of another version: no byte is lost, and running it again finishes the work',
    async (name) => {
      const { folder, first, second } = await twoVersions();
      const before = folder.read('data.ocr');
      const run = (on: WorkspaceFolder) => (name === 'add' ? on.add('data') : on.commit());
      const kills = await killEverywhere(
        folder,
        () => run(folder),
        async (killed) => {
          expect(listing(killed.path('data'))).toEqual(second);
          await run(killed);
          expect(listing(killed.path('data'))).toEqual(second);
          expect(killed.read('data.ocr')).not.toBe(before);
          expect(await killed.state('data')).toBe('clean');
          killed.write('data.ocr', before);
          await killed.checkout();
          expect(listing(killed.path('data'))).toEqual(first);
        },
      );
      expect(kills).toBeGreaterThan(8);
    },
  );

  test('add of one changed file: the rest is as it was, and running it again finishes the work', async () => {
    const { folder } = await twoVersions();
    await folder.add('data');
    folder.write('data/changed', 'a third version');
    const third = listing(folder.path('data'));
    await killEverywhere(
      folder,
      () => folder.add('data'),
      async (killed) => {
        expect(['modified', 'clean']).toContain(await killed.state('data'));
        await killed.add('data');
        expect(await killed.state('data')).toBe('clean');
        expect(listing(killed.path('data'))).toEqual(third);
      },
    );
  });

  test('add of many single files: each pointer is whole and its file ignored, and running it again finishes the work', async () => {
    const folder = new WorkspaceFolder(gitRepository());
    folder.init(true);
    const names = Array.from({ length: 9 }, (_unused, index) => `${index < 5 ? 'one' : 'two'}/${index}`);
    for (const name of names) folder.write(name, `bytes of ${name}`);
    const crashes = await crashesOf(folder.root, () => folder.add(...names), someOfMany());
    expect(crashes.length).toBeGreaterThan(12);
    let half = 0;
    for (const { site, root } of crashes) {
      met.push({ site });
      const killed = new WorkspaceFolder(root as AbsPath);
      await expectSound(killed);
      const { tracked } = await killed.status();
      if (tracked.length > 0 && tracked.length < names.length) half += 1;
      // What was killed is in no sight of git: neither data that is tracked nor a temporary file.
      const seen = git(killed.root, 'ls-files', '--others', '--exclude-standard').split('\n');
      const data = tracked.map(({ path }) => path as string);
      expect(seen.filter((file) => data.includes(file) || file.includes('tmp'))).toEqual([]);
      for (const { path, state } of tracked) expect([path, state]).toEqual([path, 'new']);
      await killed.add(...names);
      expect((await killed.status()).tracked.map(({ path }) => path)).toEqual(names);
      expect(killed.read('one/.gitignore')).toBe('/0\n/1\n/2\n/3\n/4\n');
      expect(listing(killed.root).filter((name) => !isNoTemporary(name))).toEqual([]);
      rmSync(root, { recursive: true });
    }
    expect(half).toBeGreaterThan(1);
  });

  test('checkout over another version: each file is the old or the new one, and running it again finishes', async () => {
    const { folder, first, second } = await pointerMovedBack();
    const either = new Set([...first, ...second]);
    const kills = await killEverywhere(
      folder,
      () => folder.checkout(),
      async (killed) => {
        for (const entry of listing(killed.path('data')).filter(isNoTemporary))
          expect(either).toContain(entry);
        const workspace = Workspace.open(killed.call, 'test');
        const { state } = await workspace.files.state(data);
        expect(['pointer-moved', 'clean']).toContain(state);
        await killed.checkout();
        expect(listing(killed.path('data'))).toEqual(first);
        expect(await killed.state('data')).toBe('clean');
      },
    );
    expect(kills).toBeGreaterThan(15);
  });

  test('checkout over another version, and git goes back to that one: what is half there is nobody’s edit', async () => {
    const { folder, second } = await twoVersions();
    const first = folder.read('data.ocr');
    await folder.add('data');
    const back = folder.read('data.ocr');
    folder.write('data.ocr', first);
    let half = 0;
    await killEverywhere(
      folder,
      () => folder.checkout(),
      async (killed) => {
        killed.write('data.ocr', back);
        const { tracked } = await killed.status();
        if (tracked[0]!.state === 'modified') {
          expect(tracked).toMatchObject([{ cause: 'pointer-moved' }]);
          half += 1;
        }
        await killed.checkout();
        expect(listing(killed.path('data'))).toEqual(second);
      },
    );
    expect(half).toBeGreaterThan(8);
  });

  test('checkout over another version: what is edited before it is run again is told from what is half there', async () => {
    const { folder } = await pointerMovedBack();
    let half = 0;
    await killEverywhere(
      folder,
      () => folder.checkout(),
      async (killed) => {
        const { files } = Workspace.open(killed.call, 'test');
        if (files.remembered(data).begun === undefined) return;
        // These bytes are in the store, though not as those of this file.
        killed.write('data/same', 'a folder, then a file');
        expect(await files.state(data)).toMatchObject({ state: 'conflict' });
        half += 1;
      },
    );
    expect(half).toBeGreaterThan(8);
  });

  test('checkout where nothing was: it is there as a whole or not at all', async () => {
    const { folder, second } = await twoVersions();
    await folder.add('data');
    folder.remove('data');
    await killEverywhere(
      folder,
      () => folder.checkout(),
      async (killed) => {
        if ((await killed.state('data')) !== 'missing') expect(listing(killed.path('data'))).toEqual(second);
        await killed.checkout();
        expect(listing(killed.path('data'))).toEqual(second);
        expect(listing(killed.root).filter((name) => !isNoTemporary(name))).toEqual([]);
      },
    );
  });

  test('checkout --force over a folder of ignored files: running it again finishes', async () => {
    const { folder, second } = await twoVersions();
    await folder.add('data');
    folder.write('.ocrignore', 'cache\n');
    folder.remove('data/kind');
    folder.write('data/kind/cache', 'not tracked');
    await killEverywhere(
      folder,
      () => folder.checkout([], true),
      async (killed) => {
        await killed.checkout([], true);
        expect(listing(killed.path('data'))).toEqual(second);
      },
    );
  });

  test('checkout that meets a damaged pack: what is sound is kept, whenever it died', async () => {
    const { folder, second } = await twoVersions();
    await folder.add('data');
    const { store } = Workspace.open(folder.call, 'test');
    const pack = store.packs().map(({ packId }) => store.packFile(packId));
    const bytes = pack.map((file) => readFileSync(file)).find((each) => each.includes('only in 2'))!;
    const file = pack.find((each) => readFileSync(each).equals(bytes))!;
    bytes[bytes.indexOf('only in 2')]! ^= 1;
    chmodSync(file, 0o644);
    writeFileSync(file, bytes);
    folder.remove('data');
    const crashes = await crashesOf(folder.root, () => folder.checkout().catch(() => undefined));
    for (const { site, root } of crashes) {
      met.push({ site });
      const killed = new WorkspaceFolder(root as AbsPath);
      await expect(killed.checkout()).rejects.toMatchObject({
        code: expect.stringMatching(/^object-/) as string,
      });
      const lost = (entry: string) => entry.startsWith('only-2');
      expect(listing(killed.path('data'))).toEqual(second.filter((entry) => !lost(entry)));
    }
  });

  test('init: running it again makes a whole workspace', async () => {
    const empty = new WorkspaceFolder(temporaryFolder());
    const crashes = await crashesOf(empty.root, () => empty.init());
    expect(crashes.length).toBeGreaterThan(4);
    for (const { site, root } of crashes) {
      met.push({ site });
      const folder = new WorkspaceFolder(root as AbsPath);
      folder.init();
      folder.write('data/a', 'a');
      await folder.add('data');
      expect(folder.read('.ocrstore/config.yaml')).toBe('version: 1\n');
    }
  });

  // By now every place that announces a change has been one at which a command died.
  afterAll(() => {
    const modules = [
      'base/atomic-file.ts',
      'store/loose-objects.ts',
      'store/pack-writer.ts',
      'store/quarantine.ts',
      'store/store-folder.ts',
      'store/temporary.ts',
      'tracking/checkout/checkout.ts',
      'tracking/checkout/place-files.ts',
      'tracking/checkout/write-files.ts',
      'tracking/scan/stat-index-files.ts',
    ];
    for (const { module, met: reached, there } of pointsMet(modules, met)) {
      expect(`${module}: ${reached}`).toBe(`${module}: ${there}`);
    }
  });
});

describe('a command that is killed by the system', () => {
  test.each([3, 9])('leaves at its write %i what the next one finishes', async (write) => {
    const { folder, second } = await twoVersions();
    expect(await killedAt(folder.root, write, ['add', { paths: ['data'] }])).toBe(true);
    await expectSound(folder);
    expect(listing(folder.path('data'))).toEqual(second);
    await folder.add('data');
    expect(await folder.state('data')).toBe('clean');
  });
});

/** Wants each write point the first two times that it is reached, and then each third time. */
function someOfMany(): (site: string) => boolean {
  const times = new Map<string, number>();
  return (site) => {
    const time = times.get(site) ?? 0;
    times.set(site, time + 1);
    return time < 2 || time % 3 === 0;
  };
}

/** What a command that died long ago left in the store. */
function leaveAbandoned(folder: WorkspaceFolder): void {
  folder.write('.ocrstore/tmp/abandoned', 'half a pack');
  utimesSync(folder.path('.ocrstore/tmp/abandoned'), 0, 0);
}

/** What a killed process left beside the files; no command takes it for one of them. */
function isNoTemporary(entry: string): boolean {
  return !entry.includes('.ocrpipe-tmp-');
}
