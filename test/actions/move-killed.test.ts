import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import type { AbsPath } from '../../src/base/paths.js';
import { crashesOf, pointsMet, type Crash } from '../rig/crashes.js';
import { git, gitRepository } from '../rig/git-repository.js';
import { listing } from '../tracking/listing.js';
import { WorkspaceFolder } from './workspace-folder.js';

/** `data/raw` in git's sight, with an edit that is not in the store. */
async function editedWorkspace(): Promise<WorkspaceFolder> {
  const folder = new WorkspaceFolder(gitRepository());
  folder.init(true);
  folder.write('data/raw/a', 'a');
  folder.write('data/raw/b/c', 'c');
  await folder.add('data/raw');
  folder.write('data/raw/a', 'edited');
  return folder;
}

/** Calls `check` with each folder that a killed command left, and says where it was killed if that fails. */
async function afterEach(
  crashes: readonly Crash[],
  check: (killed: WorkspaceFolder, index: number) => Promise<void>,
): Promise<void> {
  for (const [index, { site, root }] of crashes.entries()) {
    const killed = new WorkspaceFolder(root as AbsPath);
    try {
      expect(await fsck({}, killed.call)).toMatchObject({ damaged: [], missing: [], problems: [] });
      await check(killed, index);
    } catch (error) {
      throw new Error(`killed at ${site}`, { cause: error });
    }
  }
}

describe('a command that is killed at any of its writes', () => {
  test('mv: the data is in one of the places and pointed to, git sees it in neither, and running it again finishes', async () => {
    const folder = await editedWorkspace();
    const data = listing(folder.path('data/raw'));
    const crashes = await crashesOf(folder.root, () => folder.mv('data/raw', 'data/new'));
    expect(crashes.length).toBeGreaterThan(10);
    let said = 0;
    await afterEach(crashes, async (killed) => {
      const [place = '', ...others] = ['raw', 'new'].filter((name) =>
        existsSync(killed.path(`data/${name}`)),
      );
      expect(others).toEqual([]);
      expect(listing(killed.path(`data/${place}`))).toEqual(data);
      expect(git(killed.root, 'check-ignore', `data/${place}/a`)).not.toBe('');
      const { tracked, notes } = await killed.status();
      expect(tracked.map(({ path }) => path)).toContain(`data/${place}`);
      if (notes.length > 0) {
        expect(notes).toMatchObject([{ code: 'move-unfinished' }]);
        expect(notes[0]!.hint).toContain("'ocrpipe mv data/raw data/new'");
        said += 1;
      }
      await killed.mv('data/raw', 'data/new');
      expect(listing(killed.path('data/new'))).toEqual(data);
      expect(existsSync(killed.path('data/raw.ocr'))).toBe(false);
      expect(killed.read('data/.gitignore')).toBe('/new\n');
      expect((await killed.status()).notes).toEqual([]);
      expect(await killed.state('data/new')).toBe('modified');
    });
    expect(said).toBeGreaterThan(6);
    expect(
      pointsMet(['tracking/move.ts', 'tracking/move-marks.ts', 'tracking/write-pointers.ts'], crashes),
    ).toEqual([
      { module: 'tracking/move.ts', met: 1, there: 1 },
      { module: 'tracking/move-marks.ts', met: 1, there: 1 },
      { module: 'tracking/write-pointers.ts', met: 1, there: 1 },
    ]);
  });

  test('mv: an edit whose bytes are all in the store is still told from an older version when it is finished', async () => {
    const folder = await editedWorkspace();
    folder.write('data/raw/a', 'c');
    folder.write('data/raw/b/c', 'a');
    const crashes = await crashesOf(folder.root, () => folder.mv('data/raw', 'data/new'));
    // Until then, memory is where it was.
    const late = crashes.slice(crashes.findIndex(({ site }) => site.startsWith('tracking/move.ts')));
    expect(late.length).toBeGreaterThan(4);
    await afterEach(late, async (killed) => {
      await killed.mv('data/raw', 'data/new');
      expect((await killed.status()).tracked).toMatchObject([{ path: 'data/new', cause: 'edited' }]);
    });
  });

  test('mv that is given up: once either place is not tracked any more, status says no more of it', async () => {
    const folder = await editedWorkspace();
    const crashes = await crashesOf(folder.root, () => folder.mv('data/raw', 'data/new'));
    const half = crashes.filter(({ site }) => site.startsWith('tracking/move'));
    expect(half.length).toBeGreaterThan(1);
    await afterEach(half, async (killed, index) => {
      expect((await killed.status()).notes).toHaveLength(1);
      const [given, kept] = index % 2 === 0 ? ['raw', 'new'] : ['new', 'raw'];
      await killed.rm([`data/${given}`]);
      await killed.add(existsSync(killed.path('data/raw')) ? 'data/raw' : 'data/new');
      const { tracked, notes } = await killed.status();
      expect(notes).toEqual([]);
      expect(tracked.map(({ path }) => path)).toContain(`data/${kept}`);
    });
  });

  test('rm --delete: what is gone is in the store, is not taken for an edit, and comes back or goes by one command', async () => {
    const folder = await editedWorkspace();
    await folder.commit();
    const data = listing(folder.path('data/raw'));
    const crashes = await crashesOf(folder.root, () => folder.rm(['data/raw'], { deleteFiles: true }));
    expect(crashes.length).toBeGreaterThan(10);
    await afterEach(crashes, async (killed, index) => {
      if (!existsSync(killed.path('data/raw.ocr'))) return;
      if (index % 2 === 0) {
        await killed.commit();
        await killed.checkout();
        expect(listing(killed.path('data/raw'))).toEqual(data);
      } else {
        await killed.rm(['data/raw'], { deleteFiles: true });
        expect(existsSync(killed.path('data/raw'))).toBe(false);
        expect(existsSync(killed.path('data/raw.ocr'))).toBe(false);
      }
    });
  });
});
