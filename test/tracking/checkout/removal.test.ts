import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { OcrpipeEvent } from '../../../src/base/events.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { TrackedFolder } from '../tracked-folder.js';

const DATA = 'data' as RepoPath;

/** Two folders of files, stored. */
async function tracked(): Promise<TrackedFolder> {
  const folder = new TrackedFolder();
  for (const name of ['a/1', 'a/2', 'b/1', 'b/2', 'c']) folder.write(`data/${name}`, `of ${name}`);
  symlinkSync('c', folder.path('data/link'));
  mkdirSync(folder.path('data/empty'));
  await folder.add('data');
  return folder;
}

/** Runs `work`; when the first of the files is about to go, `disturb` comes first. */
async function disturbed(folder: TrackedFolder, disturb: () => void): Promise<unknown> {
  let done = false;
  const once = (): void => {
    if (done || !removing(folder)) return;
    done = true;
    disturb();
  };
  subscribe('ocrpipe:write-point', once);
  try {
    return await folder.files().remove(DATA, { force: false });
  } finally {
    unsubscribe('ocrpipe:write-point', once);
  }
}

/** True once what was begun is remembered: everything was checked, and files go from now on. */
function removing(folder: TrackedFolder): boolean {
  return folder.files().remembered(DATA).begun !== undefined;
}

describe('removing what is tracked', () => {
  test('leaves nothing, forgets the files, and what was stored comes back', async () => {
    const folder = await tracked();
    expect(await folder.files().remove(DATA, { force: false })).toBe(true);
    expect(folder.has('data')).toBe(false);
    await folder.checkout('data');
    expect(folder.read('data/b/2')).toBe('of b/2');
    expect(await folder.state('data')).toBe('clean');
  });

  test('takes one file, and what is not there, as well', async () => {
    const folder = new TrackedFolder();
    folder.write('one', 'file');
    await folder.add('one');
    const one = 'one' as RepoPath;
    expect(await folder.files().remove(one, { force: false })).toBe(true);
    expect(folder.has('one')).toBe(false);
    expect(await folder.files().remove(one, { force: false })).toBe(true);
  });

  test('keeps ignored files and the folders that hold them', async () => {
    const folder = await tracked();
    folder.write('.ocrignore', '*.tmp\n');
    folder.write('data/a/x.tmp', 'ignored');
    expect(await folder.files().remove(DATA, { force: false })).toBe(false);
    expect(folder.names('data')).toEqual(['a', 'a/x.tmp']);
  });

  test('changes nothing if bytes or links are not stored, or are stored damaged', async () => {
    const folder = await tracked();
    const lost = (names: string) => ({
      code: 'would-lose-bytes',
      message: expect.stringContaining(names) as string,
    });
    folder.write('data/b/new', 'added');
    symlinkSync('a', folder.path('data/b/newlink'));
    const before = folder.names('data');
    await expect(folder.files().remove(DATA, { force: false })).rejects.toMatchObject(
      lost('data/b/new, data/b/newlink are'),
    );
    expect(folder.names('data')).toEqual(before);
    folder.remove('data/b/new');
    folder.remove('data/b/newlink');
    const [pack] = folder.store.packs().map(({ packId }) => folder.store.packFile(packId));
    const bytes = readFileSync(pack!);
    bytes[bytes.indexOf('of b/1')]! ^= 1;
    folder.remove(pack!.slice(folder.root.length + 1));
    writeFileSync(pack!, bytes);
    await expect(folder.files().remove(DATA, { force: false })).rejects.toMatchObject(lost('data/b/1 is'));
    expect(folder.read('data/b/1')).toBe('of b/1');
    expect(await folder.files().remove(DATA, { force: true })).toBe(true);
  });

  test('meets an edit that comes while files go, of the same size too', async () => {
    const folder = await tracked();
    await expect(
      disturbed(folder, () => {
        folder.write('data/b/2', 'OF B/2');
      }),
    ).rejects.toMatchObject({
      code: 'would-lose-bytes',
      message: expect.stringContaining('data/b/2') as string,
    });
    expect(folder.read('data/b/2')).toBe('OF B/2');
    // What went before is in the store, and its absence is no edit.
    expect(folder.has('data/a/1')).toBe(false);
  });

  test('meets another folder that takes the place of one, whose files are as old and as long', async () => {
    const folder = await tracked();
    cpSync(folder.path('data/b'), folder.path('other'), { recursive: true });
    folder.write('other/1', 'OF B/1');
    await expect(
      disturbed(folder, () => {
        renameSync(folder.path('data/b'), folder.path('away'));
        renameSync(folder.path('other'), folder.path('data/b'));
      }),
    ).rejects.toMatchObject({ code: 'would-lose-bytes' });
    expect(folder.read('data/b/1')).toBe('OF B/1');
    expect(folder.read('away/1')).toBe('of b/1');
  });

  test('deletes nothing behind a link that takes the place of a folder', async () => {
    const folder = await tracked();
    await expect(
      disturbed(folder, () => {
        renameSync(folder.path('data/b'), folder.path('away'));
        symlinkSync('../away', folder.path('data/b'));
      }),
    ).rejects.toMatchObject({ code: 'checkout-disturbed' });
    expect(folder.names('away')).toEqual(['1', '2']);
  });

  test('stops when it is told to', async () => {
    const folder = await tracked();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(folder.files().remove(DATA, { force: false, signal })).rejects.toThrow('enough');
    expect(folder.has('data/a/1')).toBe(true);
  });

  test.each(['a folder', 'a file'])(
    'of %s that is large is given up while its stored bytes are read',
    async (kind) => {
      const folder = new TrackedFolder();
      const name = kind === 'a file' ? 'data' : 'data/large';
      folder.write(name, Buffer.alloc(96 * 1024 * 1024, 'x'));
      await folder.add('data');
      await folder.files().snapshot(DATA);
      const controller = new AbortController();
      const events = (event: OcrpipeEvent): void => {
        // Before the one file was looked at to its end.
        if (event.type === 'progress' && event.key === 'check data' && event.done === 0)
          controller.abort(new Error('given up'));
      };
      const given = folder.files().remove(DATA, { force: false, events, signal: controller.signal });
      await expect(given).rejects.toThrow('given up');
      expect(folder.files().remembered(DATA).begun).toBeUndefined();
      expect(folder.has(name)).toBe(true);
      expect(await folder.files().remove(DATA, { force: false })).toBe(true);
    },
  );
});
