import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkout } from '../../src/actions/checkout.js';
import { fsck } from '../../src/actions/fsck.js';
import { unlink } from '../../src/actions/unlink.js';
import { describeSelf } from '../../src/base/lock-holder.js';
import { asOcrpipeError } from '../../src/cli/error-report.js';
import { LocalStore } from '../../src/store/local-store.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';
import { GcFolder } from './gc-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

const MIB = 1024 * 1024;
const isRoot = process.geteuid?.() === 0;

/** A workspace on a small disk of its own; undefined where this process may not mount one. */
function smallDisk(megabytes: number): WorkspaceFolder | undefined {
  const place = temporaryFolder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', place]);
  if (mounted.status !== 0) return undefined;
  onTestFinished(() => void spawnSync('umount', ['-l', place]));
  return new WorkspaceFolder(place);
}

/** A workspace on a Btrfs of its own, whose files can share their bytes. */
function cloningDisk(): WorkspaceFolder | undefined {
  const image = join(temporaryFolder(), 'image');
  writeFileSync(image, '');
  truncateSync(image, 128 * MIB);
  const place = temporaryFolder();
  if (spawnSync('mkfs.btrfs', ['-q', image]).status !== 0) return undefined;
  if (spawnSync('mount', ['-o', 'loop', image, place]).status !== 0) return undefined;
  onTestFinished(() => void spawnSync('umount', ['-l', place]));
  return new WorkspaceFolder(place);
}

function usedBytes(folder: string): number {
  expect(spawnSync('sync', ['-f', folder]).status).toBe(0);
  const { blocks, bfree, bsize } = statfsSync(folder);
  return (blocks - bfree) * bsize;
}

function remount(folder: WorkspaceFolder, mode: 'ro' | 'rw'): void {
  expect(spawnSync('mount', ['-o', `remount,${mode}`, folder.root]).status).toBe(0);
}

const shownBy = async (work: Promise<unknown>) =>
  asOcrpipeError(
    await work.then(
      () => undefined,
      (error: unknown) => error,
    ),
    [],
  );

// To mount a disk one has to be root (and on Linux).
describe.skipIf(!isRoot || process.platform !== 'linux')('on a disk of its own', () => {
  test('a full disk is named, nothing of the try stays, and with room the same command succeeds', async (context) => {
    const folder = smallDisk(4);
    if (folder === undefined) return context.skip('no disk may be mounted here');
    folder.init();
    folder.write('data/large', Buffer.alloc(1_100_000, 1));
    for (let file = 0; file < 9; file += 1) folder.write(`data/${file}`, Buffer.alloc(100_000, file));
    folder.write('ballast', Buffer.alloc(1_500_000));
    const before = listing(folder.root);
    expect(await shownBy(folder.add('data'))).toMatchObject({ code: 'disk-full', exitCode: 1 });
    expect(listing(folder.root).filter((entry) => !entry.endsWith('/'))).toEqual(
      before.filter((entry) => !entry.endsWith('/')),
    );
    folder.remove('ballast');
    await folder.add('data');
    const whole = listing(folder.path('data'));
    folder.remove('data');
    folder.write('ballast', Buffer.alloc(1_200_000));
    expect((await shownBy(folder.checkout())).code).toBe('disk-full');
    expect(readdirSync(folder.root).sort()).toEqual(['.ocrstore', 'ballast', 'data.ocr']);
    folder.remove('ballast');
    await folder.checkout();
    expect(listing(folder.path('data'))).toEqual(whole);
  });

  test('with reflinks, adding a large file and putting it there again takes no room, and an edit stays an edit', async (context) => {
    const folder = cloningDisk();
    if (folder === undefined) return context.skip('no Btrfs can be made and mounted here');
    const large = randomBytes(16 * MIB);
    folder.init();
    folder.write('data/large', large);
    const before = usedBytes(folder.root);
    await folder.add('data');
    folder.remove('data');
    await checkout({ targets: [], force: false, links: ['reflink'] }, folder.call);
    expect(readFileSync(folder.path('data/large')).equals(large)).toBe(true);
    expect(usedBytes(folder.root) - before).toBeLessThan(4 * MIB);
    expect(statSync(folder.path('data/large'))).toMatchObject({ nlink: 1 });
    expect(await folder.state('data')).toBe('clean');
    appendFileSync(folder.path('data/large'), 'edited');
    expect(await folder.state('data')).toBe('modified');
    await folder.checkout([], true);
    expect(readFileSync(folder.path('data/large')).equals(large)).toBe(true);
  });

  test('of a disk that can only be read, everything is told, and what would write says why it cannot', async (context) => {
    const folder = smallDisk(4);
    if (folder === undefined) return context.skip('no disk may be mounted here');
    folder.init();
    folder.write('data/a', 'a');
    await folder.add('data');
    folder.write('data/a', 'edited');
    remount(folder, 'ro');
    expect(await folder.state('data')).toBe('modified');
    expect((await fsck({}, folder.call)).damaged).toEqual([]);
    // One after the other: a refusal that nobody waits for yet would end the tests.
    const collector = new GcFolder(folder.root);
    const commands: (() => Promise<unknown>)[] = [
      () => folder.add('data'),
      () => folder.commit(),
      () => folder.checkout([], true),
      () => folder.mv('data', 'moved'),
      () => folder.rm(['data']),
      () => folder.rm(['data'], { deleteFiles: true, recursive: true, force: true }),
      () => collector.gc(),
      () => collector.gc({ now: true }),
      () => unlink({ paths: ['.'] }, folder.call),
    ];
    for (const work of commands)
      expect(await shownBy(work()), work.toString()).toMatchObject({ code: 'no-permission', exitCode: 2 });
    remount(folder, 'rw');
    await folder.add('data');
    expect(await folder.state('data')).toBe('clean');
  });
});

test.skipIf(!isRoot)('what another user owns is named where it may not be written', async () => {
  const folder = new WorkspaceFolder(temporaryFolder());
  folder.init();
  folder.write('data/a', 'a');
  spawnSync('chmod', ['-R', 'a+rwX', folder.root]);
  chmodSync(folder.path('.ocrstore/packs'), 0o755);
  process.seteuid?.(65_534);
  try {
    const refused = await shownBy(folder.add('data'));
    expect(refused).toMatchObject({ code: 'no-permission', exitCode: 2 });
    expect(refused.message).toContain('.ocrstore');
    expect(readdirSync(folder.path('.ocrstore/tmp'))).toEqual([]);
    chmodAsRoot(folder.path('.ocrstore/packs'), 0o777);
    await folder.add('data');
    expect(await folder.state('data')).toBe('clean');
  } finally {
    process.seteuid?.(0);
  }
});

function chmodAsRoot(path: string, mode: number): void {
  process.seteuid?.(0);
  chmodSync(path, mode);
  process.seteuid?.(65_534);
}

test('a clock that was set back hides no edit, keeps no lock and makes nothing stale for ever', async () => {
  const folder = new WorkspaceFolder(temporaryFolder());
  folder.init();
  folder.write('data/a', 'one');
  folder.write('data/b', 'two');
  await folder.add('data');
  moveIntoFuture(folder.root);
  // Who held it took it "tomorrow", and is no more.
  const holder = {
    token: 'ab'.repeat(16),
    pid: 5_000_000,
    command: 'ocrpipe add',
    since: '2100-01-01T00:00:00.000Z',
  };
  folder.write('.ocrstore/locks/workspace', JSON.stringify(asHere(holder)));
  moveIntoFuture(folder.path('.ocrstore/locks'));
  expect(await folder.state('data')).toBe('clean');
  folder.write('data/a', 'eno');
  expect(await folder.state('data')).toBe('modified');
  await folder.add('data');
  expect(await folder.state('data')).toBe('clean');
  // Another process adds a pack to a folder whose time is in the future.
  const [reader, writer] = [
    LocalStore.open(folder.path('.ocrstore')),
    LocalStore.open(folder.path('.ocrstore')),
  ];
  moveIntoFuture(folder.path('.ocrstore/packs'));
  expect(reader.packs().length).toBeGreaterThan(0);
  const work = writer.writer();
  const id = work.putBlob(Buffer.from('another'));
  work.finish();
  expect(reader.has('blob', id)).toBe(true);
});

/** A holder of this host and this run of its kernel. */
function asHere(holder: object): object {
  return { ...describeSelf('', ''), ...holder };
}

function moveIntoFuture(folder: string): void {
  const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1000);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (lstatSync(path).isDirectory()) moveIntoFuture(path);
    else utimesSync(path, tomorrow, tomorrow);
  }
  utimesSync(folder, tomorrow, tomorrow);
}
