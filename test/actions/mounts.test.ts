import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test, type TestContext } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';
import { GcFolder } from './gc-folder.js';

const isRoot = process.geteuid?.() === 0;
const DISKS = [['a disk of its own', 'tmpfs'] as const, ['a folder of the same disk', 'bind'] as const];

/** Mounts something empty at `place`, until the test ends or the returned function is called. */
function mountAt(place: string, kind: 'tmpfs' | 'bind', context: TestContext): () => void {
  mkdirSync(place, { recursive: true });
  const how =
    kind === 'tmpfs'
      ? ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', place]
      : ['--bind', temporaryFolder(), place];
  if (spawnSync('mount', how).status !== 0) context.skip('nothing may be mounted here');
  const unmount = () => void spawnSync('umount', ['-l', place]);
  onTestFinished(unmount);
  return unmount;
}

function writeData(folder: GcFolder): void {
  folder.write('data/a', 'a');
  folder.write('data/sub/b', 'b');
  folder.write('data/sub/large', Buffer.alloc(1_100_000, 1));
}

/** Two versions are stored, one without the folder `sub`; the first one stands there and something is mounted over its `sub`. */
async function mountedOver(context: TestContext) {
  const folder = GcFolder.withoutGit();
  writeData(folder);
  await folder.add('data');
  const whole = listing(folder.path('data'));
  const first = folder.read('data.ocr');
  folder.remove('data/sub');
  await folder.add('data');
  const second = folder.read('data.ocr');
  folder.write('data.ocr', first);
  await folder.checkout();
  const unmount = mountAt(folder.path('data/sub'), 'tmpfs', context);
  return { folder, whole, second, unmount };
}

// To mount something one has to be root (and on Linux).
describe.skipIf(!isRoot || process.platform !== 'linux')('what is mounted', () => {
  test('over a folder that is tracked hides its files: that is shown, and they can be had beside it', async (context) => {
    const { folder, whole, unmount } = await mountedOver(context);
    expect(await folder.state('data')).toBe('modified');
    await folder.checkout();
    expect(listing(folder.path('data'))).toEqual(whole);
    expect(await folder.state('data')).toBe('clean');
    folder.write('data/sub/b', 'on the mounted disk');
    await folder.add('data');
    unmount();
    // Nobody edited the files that are back, but nothing says so.
    await expect(folder.checkout()).rejects.toMatchObject({ code: 'would-undo-edits' });
    expect(listing(folder.path('data'))).toEqual(whole);
    await folder.checkout([], true);
    expect(folder.read('data/sub/b')).toBe('on the mounted disk');
  });

  test('where a folder has to go is named, and the same command finishes once it is unmounted', async (context) => {
    const { folder, second, unmount } = await mountedOver(context);
    await folder.checkout();
    folder.write('data.ocr', second);
    const refused = { code: 'folder-mounted', exitCode: 2 };
    await expect(folder.checkout()).rejects.toMatchObject(refused);
    await expect(folder.rm(['data'], { deleteFiles: true, recursive: true })).rejects.toMatchObject(refused);
    expect(folder.read('data.ocr')).toBe(second);
    unmount();
    expect(readdirSync(folder.path('data/sub')).sort()).toEqual(['b', 'large']);
    await folder.checkout();
    expect(await folder.state('data')).toBe('clean');
    expect(readdirSync(folder.path('data'))).toEqual(['a']);
  });

  test.for(DISKS)(
    'as the data: %s is added, checked out and collected like any folder',
    async ([, kind], context) => {
      const folder = GcFolder.withGit();
      mountAt(folder.path('data'), kind, context);
      writeData(folder);
      await expectWorks(folder);
      await expect(folder.mv('data', 'moved')).rejects.toMatchObject({ code: 'move-refused' });
      expect(await folder.state('data')).toBe('new');
    },
  );

  test.for(DISKS)('as the store: %s serves like any folder', async ([, kind], context) => {
    const folder = GcFolder.withGit();
    const before = temporaryFolder();
    cpSync(folder.path('.ocrstore'), before, { recursive: true });
    mountAt(folder.path('.ocrstore'), kind, context);
    cpSync(before, folder.path('.ocrstore'), { recursive: true });
    writeData(folder);
    await expectWorks(folder);
    await folder.mv('data', 'moved');
    await folder.rm(['moved'], { deleteFiles: true, recursive: true });
    expect(readdirSync(folder.root).sort()).toEqual(['.git', '.ocrstore']);
  });
});

async function expectWorks(folder: GcFolder): Promise<void> {
  await folder.add('data');
  const first = folder.read('data.ocr');
  const whole = listing(folder.path('data'));
  folder.write('data/a', 'edited');
  folder.remove('data/sub');
  await folder.add('data');
  folder.write('data.ocr', first);
  await folder.checkout();
  expect(listing(folder.path('data'))).toEqual(whole);
  for (const name of readdirSync(folder.path('data'))) folder.remove(`data/${name}`);
  await folder.checkout([], true);
  expect(listing(folder.path('data'))).toEqual(whole);
  expect((await folder.gc({ now: true })).deleted.objects).toBeGreaterThan(0);
  expect(await fsck({}, folder.call)).toMatchObject({ damaged: [], missing: [], problems: [] });
}
