import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { LinkType } from '../../../src/base/link-type.js';
import type { OcrpipeEvent } from '../../../src/base/events.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { LARGE_BLOB_BYTES } from '../../../src/store/format.js';
import { LocalStore } from '../../../src/store/local-store.js';
import type { BytePath } from '../../../src/tracking/byte-path.js';
import { machineName } from '../../../src/tracking/machine-name.js';
import { BlockReader } from '../../../src/tracking/scan/stat-index-format.js';
import { StatIndex } from '../../../src/tracking/scan/stat-index.js';
import { TrackedFiles } from '../../../src/tracking/tracked-files.js';
import { whileCut } from '../../rig/cut-file.js';
import { listing } from '../listing.js';
import { TrackedFolder } from '../tracked-folder.js';

/** A folder on another disk than temporary folders, to which no hard link can lead. */
const otherDevice = ['/dev/shm', '/var/tmp'].find(
  (each) => existsSync(each) && statSync(each).dev !== statSync(tmpdir()).dev,
);
if (otherDevice === undefined) console.warn('skipped in part: there is no other disk here');

const LARGE = Buffer.alloc(1_100_000, 'large ');
const OTHER = Buffer.alloc(1_200_000, 'other ');

/** A tracked folder with a large file, one that is executable, and a small one. */
async function folderWithLarge() {
  const folder = new TrackedFolder();
  folder.write('data/large', LARGE);
  folder.write('data/tool', OTHER);
  chmodSync(folder.path('data/tool'), 0o755);
  folder.write('data/small', 'small');
  const { id } = await folder.add('data');
  return { folder, id };
}

/** What `checkout --link` does, after the files were removed. */
async function placed(links: readonly LinkType[]) {
  const { folder, id } = await folderWithLarge();
  folder.remove('data');
  await checkoutAs(folder, links);
  return { folder, id };
}

function checkoutAs(folder: TrackedFolder, links: readonly LinkType[]): Promise<boolean> {
  const files = folder.files();
  return files.checkout('data' as RepoPath, files.pointer('data' as RepoPath)!, { links });
}

/** The store's file of the large blob. */
function objectOf(folder: TrackedFolder, bytes = LARGE): string {
  const found = [...folder.store.looseObjects()].find(({ size }) => size === bytes.length);
  return found!.file;
}

/** One bit of a stored file is another, and no time tells of it. */
function decay(object: string, bytes: Buffer): void {
  const { mtimeMs } = statSync(object);
  chmodSync(object, 0o644);
  const fd = openSync(object, 'r+');
  writeSync(fd, Buffer.from([bytes[700_000]! ^ 1]), 0, 1, 700_000);
  closeSync(fd);
  utimesSync(object, mtimeMs / 1000, mtimeMs / 1000);
  chmodSync(object, 0o444);
}

function isHardLink(folder: TrackedFolder, name: string): boolean {
  return statSync(folder.path(name)).ino === statSync(objectOf(folder)).ino;
}

function editInPlace(path: string): void {
  chmodSync(path, 0o644);
  const fd = openSync(path, 'r+');
  writeSync(fd, 'EDITED', 5000);
  closeSync(fd);
}

/** A state, and the codes of what was said on the way. */
async function stateWithNotes(folder: TrackedFolder) {
  const codes: string[] = [];
  const events = (event: OcrpipeEvent) => event.type === 'note' && codes.push(event.code);
  const { state } = await folder.files().state('data' as RepoPath, { events });
  return { state, codes };
}

describe('a large file is placed', () => {
  test('as a second name of the stored file, read-only; small and executable files stay files of their own', async () => {
    const { folder } = await placed(['hardlink']);
    expect(isHardLink(folder, 'data/large')).toBe(true);
    expect(statSync(folder.path('data/large')).mode & 0o777).toBe(0o444);
    expect(statSync(folder.path('data/tool'))).toMatchObject({ nlink: 1 });
    expect(statSync(folder.path('data/tool')).mode & 0o100).toBe(0o100);
    expect(statSync(folder.path('data/small'))).toMatchObject({ nlink: 1 });
    expect(await folder.state('data')).toBe('clean');
  });

  test('as a link to the stored file, which counts as the file', async () => {
    const { folder, id } = await placed(['symlink']);
    expect(readlinkSync(folder.path('data/large'))).toMatch(/^\.\.\/\.ocrstore\/objects\/../);
    expect(folder.read('data/large')).toBe(LARGE.toString());
    expect(await folder.state('data')).toBe('clean');
    expect(await folder.add('data')).toMatchObject({ id });
  });

  test('as a copy that can be edited', async () => {
    const { folder } = await placed(['copy']);
    expect(statSync(folder.path('data/large'))).toMatchObject({ nlink: 1 });
    expect(statSync(folder.path('data/large')).mode & 0o200).toBe(0o200);
    expect(await folder.state('data')).toBe('clean');
  });

  test('by the next type where one cannot be made', async () => {
    const { folder } = await folderWithLarge();
    folder.remove('data');
    await checkoutAs(folder, ['hardlink', 'copy']);
    expect(isHardLink(folder, 'data/large')).toBe(true);
    folder.remove('data');
    await checkoutAs(folder, ['reflink', 'symlink']);
    expect(folder.read('data/large')).toBe(LARGE.toString());
  });

  test.skipIf(otherDevice === undefined)('from another disk only as such types can', async () => {
    const { folder } = await folderWithLarge();
    const store = mkdtempSync(join(otherDevice!, 'ocrpipe-test-'));
    onTestFinished(() => {
      rmSync(store, { recursive: true });
    });
    cpSync(folder.path('.ocrstore'), store, { recursive: true });
    const files = new TrackedFiles({
      root: folder.root,
      store: LocalStore.open(store),
      git: false,
      command: 'test',
    });
    const as = (...links: LinkType[]) =>
      files.checkout('data' as RepoPath, files.pointer('data' as RepoPath)!, { links });
    folder.remove('data');
    await expect(as('hardlink')).rejects.toMatchObject({ code: 'no-link-works', exitCode: 2 });
    expect(folder.has('data')).toBe(false);
    await as('reflink', 'hardlink', 'symlink');
    expect(readlinkSync(folder.path('data/large'))).toContain(store);
    folder.remove('data');
    await as('reflink', 'hardlink', 'copy');
    expect(folder.read('data/large')).toBe(LARGE.toString());
  });

  test('otherwise than it stands, where that is asked for', async () => {
    const { folder } = await placed(['copy']);
    expect(await checkoutAs(folder, ['hardlink'])).toBe(true);
    expect(isHardLink(folder, 'data/large')).toBe(true);
    expect(await checkoutAs(folder, ['hardlink'])).toBe(false);
    expect(await checkoutAs(folder, ['symlink'])).toBe(true);
    expect(lstatSync(folder.path('data/large')).isSymbolicLink()).toBe(true);
    expect(await checkoutAs(folder, ['copy'])).toBe(true);
    expect(statSync(folder.path('data/large'))).toMatchObject({ nlink: 1 });
    expect(await folder.state('data')).toBe('clean');
    expect(readdirSync(folder.path('data'))).toEqual(['large', 'small', 'tool']);
  });

  test('otherwise than it stands only where the stored bytes are sound: else it stays, and is named', async () => {
    const { folder } = await placed(['copy']);
    decay(objectOf(folder), LARGE);
    const refusal = { code: 'object-damaged', message: expect.stringContaining('data/large') as string };
    await expect(checkoutAs(folder, ['hardlink'])).rejects.toMatchObject(refusal);
    expect(folder.read('data/large')).toBe(LARGE.toString());
    expect(readdirSync(folder.path('data'))).toEqual(['large', 'small', 'tool']);
    await folder.add('data');
    expect(await checkoutAs(folder, ['hardlink'])).toBe(true);
    expect(folder.read('data/large')).toBe(LARGE.toString());
  });

  test('as its own path says, where a single file is tracked', async () => {
    const folder = new TrackedFolder();
    folder.write('model.bin', LARGE);
    const { id } = await folder.add('model.bin');
    for (const link of ['hardlink', 'symlink'] as const) {
      folder.remove('model.bin');
      const files = folder.files();
      await files.checkout('model.bin' as RepoPath, files.pointer('model.bin' as RepoPath)!, {
        links: [link],
      });
      expect(await folder.state('model.bin')).toBe('clean');
      expect((await folder.add('model.bin')).id).toBe(id);
    }
  });
});

/** The permissions that the umask leaves a new file. */
function ordinaryMode(folder: TrackedFolder): number {
  folder.write('ordinary', '');
  return statSync(folder.path('ordinary')).mode & 0o777;
}

/** The files of a folder that the next command need not read. */
function knownNames(folder: TrackedFolder, name: string): string[] {
  const names: string[] = [];
  const index = new StatIndex(folder.path(`.ocrstore/index/${machineName()}/stat`));
  for (const reader = new BlockReader(index.folder(name as BytePath)); reader.next();)
    names.push(reader.name);
  return names;
}

describe('many large files, copied by several threads', () => {
  /** More bytes than the calling thread copies alone; names in another order than sizes. */
  async function manyLarge() {
    const folder = new TrackedFolder();
    for (let index = 0; index < 22; index += 1) {
      const bytes = Buffer.alloc(LARGE_BLOB_BYTES + 1000 * ((index * 7) % 22), `file ${index} `);
      folder.write(`data/${index % 2 === 0 ? 'a' : 'b'}/${index}`, bytes);
    }
    folder.write('data/a/small', 'small');
    const { id } = await folder.add('data');
    return { folder, id };
  }

  test('hold what was stored, can be edited, and are known without being read', async () => {
    const { folder, id } = await manyLarge();
    chmodSync(folder.path('data/a/0'), 0o755);
    await folder.add('data');
    const before = listing(folder.path('data'));
    folder.remove('data');
    await checkoutAs(folder, ['copy']);
    expect(listing(folder.path('data'))).toEqual(before);
    expect(statSync(folder.path('data/b/1')).mode & 0o777).toBe(ordinaryMode(folder));
    expect(knownNames(folder, 'data/b')).toEqual(readdirSync(folder.path('data/b')).sort());
    expect(await folder.state('data')).toBe('clean');
    chmodSync(folder.path('data/a/0'), 0o644);
    expect((await folder.files().snapshot('data' as RepoPath))?.id).toBe(id);
  });

  test('are left out and named where the disk lost a bit that no time tells of', async () => {
    const { folder } = await manyLarge();
    const lost = readFileSync(folder.path('data/a/10'));
    const object = objectOf(folder, lost);
    decay(object, lost);
    folder.remove('data');
    const refusal = {
      code: 'object-damaged',
      message: expect.stringContaining('data/a/10 are damaged') as string,
    };
    await expect(checkoutAs(folder, ['copy'])).rejects.toMatchObject(refusal);
    expect(folder.has('data/a/10')).toBe(false);
    expect(folder.names('data')).toHaveLength(24);
    folder.write('data/a/10', lost);
    expect(await folder.state('data')).toBe('clean');
  });
});

describe('a linked file', () => {
  test('is not read again when another link to the same bytes was made', async () => {
    const { folder } = await placed(['hardlink']);
    await folder.state('data');
    const before = lstatSync(folder.path('data/large')).ctimeMs;
    linkSync(folder.path('data/large'), folder.path('another'));
    expect(lstatSync(folder.path('data/large')).ctimeMs).toBeGreaterThan(before);
    // Only who reads the bytes would find them other than they were.
    const seconds = statSync(folder.path('data/large')).mtimeMs / 1000;
    editInPlace(folder.path('data/large'));
    chmodSync(folder.path('data/large'), 0o444);
    utimesSync(folder.path('data/large'), seconds, seconds);
    expect(await folder.state('data')).toBe('clean');
  });

  test('that was written to in place is an edit that is kept, and never what the store says it is', async () => {
    const { folder, id } = await placed(['hardlink']);
    await folder.state('data');
    editInPlace(folder.path('data/large'));
    expect(await stateWithNotes(folder)).toEqual({ state: 'modified', codes: ['written-through-link'] });
    expect(readdirSync(folder.path('.ocrstore/quarantine'))).toHaveLength(1);
    const { id: edited } = await folder.add('data');
    expect(edited).not.toBe(id);
    expect(folder.read('data/large').slice(5000, 5006)).toBe('EDITED');
    folder.remove('data');
    await folder.checkout('data');
    expect(folder.read('data/large').slice(5000, 5006)).toBe('EDITED');
  });

  test.each(['placed anew', 'of which nothing is remembered'])(
    '%s is noticed like any other',
    async (which) => {
      const { folder } = await placed(['copy']);
      await checkoutAs(folder, ['hardlink']);
      if (which !== 'placed anew') folder.remove('.ocrstore/index');
      editInPlace(folder.path('data/large'));
      expect(await stateWithNotes(folder)).toEqual({ state: 'modified', codes: ['written-through-link'] });
      expect(readdirSync(folder.path('.ocrstore/quarantine'))).toHaveLength(1);
    },
  );

  test('that was written to in place does not come back from the store as the former version', async () => {
    const { folder } = await placed(['hardlink']);
    editInPlace(folder.path('data/large'));
    chmodSync(folder.path('data/large'), 0o444);
    await expect(folder.checkout('data')).rejects.toMatchObject({ code: 'object-damaged' });
    expect(folder.read('data/large').includes('EDITED')).toBe(true);
    renameSync(folder.path('data/large'), folder.path('edited'));
    await expect(folder.checkout('data')).rejects.toMatchObject({ code: 'object-missing' });
    expect(folder.has('data/large')).toBe(false);
    expect(folder.read('edited').includes('EDITED')).toBe(true);
    folder.write('data/large', LARGE);
    await folder.add('data');
    folder.remove('data');
    await checkoutAs(folder, ['hardlink']);
    expect(folder.read('data/large')).toBe(LARGE.toString());
  });

  test.each(['status', 'the store'])(
    'that is a symbolic link and was written to is an edit in the place of the link, whoever saw it first: %s',
    async (first) => {
      const { folder, id } = await placed(['symlink']);
      await folder.state('data');
      editInPlace(folder.path('data/large'));
      if (first === 'the store')
        expect(LocalStore.open(folder.path('.ocrstore')).has('blob', contentIdOf(LARGE))).toBe(false);
      expect(await stateWithNotes(folder)).toEqual({ state: 'modified', codes: ['written-through-link'] });
      expect(lstatSync(folder.path('data/large')).isFile()).toBe(true);
      expect(folder.read('data/large').slice(5000, 5006)).toBe('EDITED');
      expect((await folder.add('data')).id).not.toBe(id);
    },
  );

  test('that is a symbolic link to bytes that decayed on the disk is missing, and not an edit', async () => {
    const { folder } = await placed(['symlink']);
    const object = objectOf(folder);
    const { mtimeMs } = statSync(object);
    editInPlace(object);
    chmodSync(object, 0o444);
    utimesSync(object, mtimeMs / 1000, mtimeMs / 1000);
    expect(folder.store.holds('blob', contentIdOf(LARGE))).toBe(false);
    expect(await stateWithNotes(folder)).toEqual({ state: 'modified', codes: [] });
    expect(folder.has('data/large')).toBe(false);
  });

  test('that was written to in place heals by what another path has of the same bytes', async () => {
    const { folder } = await placed(['hardlink']);
    folder.write('copy', LARGE);
    editInPlace(folder.path('data/large'));
    await folder.add('copy');
    folder.remove('copy');
    await folder.checkout('copy');
    expect(folder.read('copy')).toBe(LARGE.toString());
    expect(folder.read('data/large').includes('EDITED')).toBe(true);
  });

  test('that is cut over and over through its link holds up nobody', { timeout: 30_000 }, async () => {
    const { folder } = await placed(['symlink']);
    const object = objectOf(folder);
    chmodSync(object, 0o644);
    await whileCut(object, async () => {
      await folder.state('data').catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'file-keeps-changing' });
      });
    });
    expect(await folder.state('data')).toBe('modified');
    expect(folder.names('data')).toEqual(['large', 'small', 'tool']);
  });

  test('that only became writable is sealed again', async () => {
    const { folder } = await placed(['hardlink']);
    chmodSync(folder.path('data/large'), 0o644);
    expect(await stateWithNotes(folder)).toEqual({ state: 'clean', codes: [] });
    expect(LocalStore.open(folder.path('.ocrstore')).has('blob', contentOf(folder))).toBe(true);
  });

  test('whose stored file is gone is missing, and is put there again once it is back', async () => {
    const { folder } = await placed(['symlink']);
    const object = objectOf(folder);
    renameSync(object, folder.path('aside'));
    expect(await folder.state('data')).toBe('modified');
    renameSync(folder.path('aside'), object);
    expect(await folder.state('data')).toBe('clean');
  });

  test('that leads to another store than this is a link like any other', async () => {
    const { folder } = await placed(['copy']);
    const other = new TrackedFolder();
    other.write('x', LARGE);
    await other.add('x');
    folder.remove('data/large');
    symlinkSync(objectOf(other), folder.path('data/large'));
    await expect(folder.add('data')).rejects.toMatchObject({ code: 'link-outside' });
  });
});

describe('unlinking', () => {
  test.each(['hardlink', 'symlink'] as const)('makes a %s a file that can be written to', async (link) => {
    const { folder } = await placed([link]);
    const unlinked = await folder.files().unlink('data' as RepoPath);
    expect(unlinked).toEqual([{ path: 'data/large', size: LARGE.length }]);
    const stat = lstatSync(folder.path('data/large'));
    expect(stat.isFile() && stat.nlink === 1 && (stat.mode & 0o200) !== 0).toBe(true);
    expect(await folder.state('data')).toBe('clean');
    writeFileSync(folder.path('data/large'), OTHER);
    expect(readFileSync(objectOf(folder)).equals(LARGE)).toBe(true);
    expect(await folder.files().unlink('data' as RepoPath)).toEqual([]);
  });

  test(
    'ends though the file is cut meanwhile, and never leaves a part of it',
    { timeout: 30_000 },
    async () => {
      const { folder } = await placed(['hardlink']);
      const file = folder.path('data/large');
      chmodSync(file, 0o644);
      await whileCut(file, async () => {
        for (let tries = 0; tries < 10; tries += 1) await triedUnlink(folder);
      });
      expect(lstatSync(file).isFile()).toBe(true);
      expect(folder.names('data')).toEqual(['large', 'small', 'tool']);
    },
  );
});

test('what is set for a workspace holds where a checkout does not say otherwise', async () => {
  const { folder } = await folderWithLarge();
  folder.remove('data');
  const files = new TrackedFiles({
    root: folder.root,
    store: LocalStore.open(folder.path('.ocrstore')),
    git: false,
    command: 'test',
    links: ['hardlink'],
  });
  await files.checkout('data' as RepoPath, files.pointer('data' as RepoPath)!);
  expect(isHardLink(folder, 'data/large')).toBe(true);
});

/** Unlinks, if nobody writes at that moment. */
async function triedUnlink(folder: TrackedFolder): Promise<void> {
  try {
    await folder.files().unlink('data' as RepoPath);
  } catch (error) {
    expect(error).toMatchObject({ code: 'file-keeps-changing' });
  }
}

function contentOf(folder: TrackedFolder) {
  return [...folder.store.looseObjects()].find(({ size }) => size === LARGE.length)!.id;
}
