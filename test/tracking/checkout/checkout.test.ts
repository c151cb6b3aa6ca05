import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { acquireLock } from '../../../src/base/lock.js';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { RepoPath } from '../../../src/base/paths.js';
import type { ByteName } from '../../../src/store/byte-name.js';
import { buildTree } from '../../../src/store/tree-builder.js';
import type { TreeEntry } from '../../../src/store/tree-format.js';
import type { Snapshot } from '../../../src/tracking/workspace-files.js';
import { listing } from '../listing.js';
import { TrackedFolder } from '../tracked-folder.js';

const data = 'data' as RepoPath;

/** Two stored versions; the second is in the workspace. */
async function twoVersions() {
  const folder = new TrackedFolder();
  folder.write('data/a', 'a1');
  folder.write('data/sub/b', 'b1');
  const first = await folder.add('data');
  folder.write('data/a', 'a2');
  folder.write('data/sub/c', 'c2');
  const second = await folder.add('data');
  return { folder, first, second };
}

/** Leaves what a checkout of the pointer leaves that is killed behind its first file. */
function killedCheckout(folder: TrackedFolder): void {
  const memories = folder.names('.ocrstore/index').filter((name) => /\/put\/.*\.json$/.test(name));
  const memory = folder.path(`.ocrstore/index/${memories[0]!}`);
  const before = JSON.parse(readFileSync(memory, 'utf8')) as object;
  const { id, kind, size } = folder.files().pointer(data)!;
  // What is remembered from the first change of a checkout to its end.
  writeFileSync(memory, JSON.stringify({ ...before, begun: { id, kind, size } }));
  folder.write('data/sub/c', 'c2');
}

/** Stores a tree as no `add` would make it. */
function storeTree(folder: TrackedFolder, entries: readonly TreeEntry[]): Snapshot {
  const writer = folder.store.writer();
  const { id, files, bytes } = buildTree(entries, (node) => writer.putTree(node, 'tree'));
  writer.finish();
  return { id, kind: 'directory', files, size: bytes };
}

function fileEntry(folder: TrackedFolder, name: string, text: string): TreeEntry {
  const writer = folder.store.writer();
  const id = writer.putBlob(Buffer.from(text));
  writer.finish();
  return { kind: 'file', name: name as ByteName, executable: false, size: text.length, id };
}

describe('checkout', () => {
  test('only what differs is written', async () => {
    const { folder, first } = await twoVersions();
    folder.write('data/keep', 'k');
    await folder.add('data');
    const kept = statSync(folder.path('data/sub/b')).ino;
    expect(await folder.files().checkout(data, first)).toBe(true);
    expect(statSync(folder.path('data/sub/b')).ino).toBe(kept);
    expect(listing(folder.path('data'))).toHaveLength(3);
    expect(await folder.files().checkout(data, first)).toBe(false);
  });

  test('an edit that is not stored stops it before anything changes', async () => {
    const { folder, first } = await twoVersions();
    folder.write('data/sub/c', 'edited and nowhere else');
    const before = listing(folder.path('data'));
    const refused = folder.files().checkout(data, first);
    await expect(refused).rejects.toMatchObject({ code: 'would-lose-bytes', exitCode: 2 });
    await expect(refused).rejects.toThrow(/data\/sub\/c/);
    expect(listing(folder.path('data'))).toEqual(before);
    await folder.files().checkout(data, first, { force: true });
    expect(folder.has('data/sub/c')).toBe(false);
    expect(folder.read('data/a')).toBe('a1');
  });

  test('a new file of the user is an edit too', async () => {
    const { folder, first } = await twoVersions();
    folder.write('data/mine', 'new');
    await expect(folder.files().checkout(data, first)).rejects.toMatchObject({ code: 'would-lose-bytes' });
    expect(folder.read('data/a')).toBe('a2');
  });

  test('a link of the user is an edit too, one that ocrpipe put there is not', async () => {
    const { folder, first, second } = await twoVersions();
    symlinkSync('a', folder.path('data/link'));
    await expect(folder.files().checkout(data, first)).rejects.toMatchObject({ code: 'would-lose-bytes' });
    await folder.add('data');
    await folder.files().checkout(data, first);
    await folder.files().checkout(data, second);
    expect(folder.has('data/link')).toBe(false);
  });

  test('bytes that the store lacks are named, and the rest is put in place', async () => {
    const { folder } = await twoVersions();
    const absent: TreeEntry = {
      kind: 'file',
      name: 'absent' as ByteName,
      executable: false,
      size: 3,
      id: contentIdOf('nowhere'),
    };
    const tree = storeTree(folder, [fileEntry(folder, 'a', 'a3'), absent]);
    const refused = folder.files().checkout(data, tree);
    await expect(refused).rejects.toMatchObject({ code: 'object-missing' });
    await expect(refused).rejects.toThrow(/data\/absent; everything else of data is in place/);
    expect(folder.names('data')).toEqual(['a']);
    expect(folder.read('data/a')).toBe('a3');
  });

  test('where the store has none of the bytes, or not the listing, nothing changes', async () => {
    const { folder, first } = await twoVersions();
    const id = contentIdOf('nowhere');
    const absent: TreeEntry = { kind: 'file', name: 'b' as ByteName, executable: false, size: 3, id };
    const listing: Snapshot = { ...first, id };
    for (const snapshot of [storeTree(folder, [absent]), listing]) {
      const refused = folder.files().checkout(data, snapshot);
      await expect(refused).rejects.toMatchObject({ code: 'object-missing' });
      await expect(refused).rejects.toThrow(/data is left as it is/);
      expect(folder.names('data')).toEqual(['a', 'sub', 'sub/b', 'sub/c']);
      expect(await folder.state('data')).toBe('clean');
    }
  });

  test('a file takes the place of a folder and the other way round', async () => {
    const folder = new TrackedFolder();
    folder.write('data/x/inside', '1');
    folder.write('data/y', '2');
    const first = await folder.add('data');
    folder.remove('data/x');
    folder.remove('data/y');
    folder.write('data/x', '3');
    folder.write('data/y/deep/inside', '4');
    const before = listing(folder.path('data'));
    const second = await folder.add('data');
    await folder.files().checkout(data, first);
    expect(folder.read('data/x/inside')).toBe('1');
    expect(folder.read('data/y')).toBe('2');
    await folder.files().checkout(data, second);
    expect(listing(folder.path('data'))).toEqual(before);
  });

  test('the path itself can change between file and folder', async () => {
    const folder = new TrackedFolder();
    folder.write('data', 'a file');
    const file = await folder.add('data');
    folder.remove('data');
    folder.write('data/in/side', 'a folder');
    const directory = await folder.add('data');
    await folder.files().checkout(data, file);
    expect(folder.read('data')).toBe('a file');
    await folder.files().checkout(data, directory);
    expect(folder.read('data/in/side')).toBe('a folder');
  });

  test('nothing is written through a link that took the place of the path or of a folder above it', async () => {
    const folder = new TrackedFolder();
    folder.write('deep/data/a', 'a');
    await folder.add('deep/data');
    folder.remove('deep/data');
    mkdirSync(folder.path('elsewhere'));
    symlinkSync('../elsewhere', folder.path('deep/data'));
    await expect(folder.checkout('deep/data')).rejects.toMatchObject({
      code: 'path-through-link',
      exitCode: 2,
    });
    await folder.checkout('deep/data', { force: true });
    expect(folder.read('deep/data/a')).toBe('a');
    expect(folder.names('elsewhere')).toEqual([]);
    const stored = folder.files().pointer('deep/data' as RepoPath)!;
    folder.remove('deep');
    symlinkSync('elsewhere', folder.path('deep'));
    const through = folder.files().checkout('deep/data' as RepoPath, stored, { force: true });
    await expect(through).rejects.toMatchObject({ code: 'path-through-link' });
    expect(folder.names('elsewhere')).toEqual([]);
  });

  test.each([
    ['/etc/passwd', 'absolute'],
    ['../../../x', 'outside'],
    ['sub/link/../../x', 'outside'],
  ])('a stored link to %s is refused by name, whole folder or not', async (target, reason) => {
    const { folder } = await twoVersions();
    const link: TreeEntry = { kind: 'symlink', name: 'evil' as ByteName, target };
    const tree = storeTree(folder, [fileEntry(folder, 'a', 'a2'), link]);
    const before = listing(folder.path('data'));
    const refused = folder.files().checkout(data, tree);
    await expect(refused).rejects.toMatchObject({ code: 'link-outside' });
    await expect(refused).rejects.toThrow(new RegExp(`data/evil.*${reason}`));
    expect(listing(folder.path('data'))).toEqual(before);
    folder.remove('data');
    await expect(folder.files().checkout(data, tree)).rejects.toMatchObject({ code: 'link-outside' });
    expect(folder.has('data')).toBe(false);
    expect(folder.names('.').filter((name) => name.startsWith('.ocrpipe-tmp-'))).toEqual([]);
  });

  test('a whole folder that was removed comes back clean', async () => {
    const { folder, second } = await twoVersions();
    folder.remove('data');
    await folder.checkout('data');
    expect(await folder.state('data')).toBe('clean');
    expect((await folder.files().snapshot(data))?.id).toBe(second.id);
  });

  test('with keepEdits, no swap, rename, copy or permission is undone, and what was deleted comes back', async () => {
    const { folder, second } = await twoVersions();
    const files = folder.files();
    const put = () => folder.files().checkout(data, second, { keepEdits: true });
    const edits: [string, () => void][] = [
      [
        'swapped',
        () => {
          folder.write('data/a', 'b1');
          folder.write('data/sub/b', 'a2');
        },
      ],
      [
        'renamed',
        () => {
          renameSync(folder.path('data/a'), folder.path('data/renamed'));
        },
      ],
      [
        'copied',
        () => {
          folder.write('data/copy', 'c2');
        },
      ],
      [
        'made executable',
        () => {
          chmodSync(folder.path('data/a'), 0o755);
        },
      ],
      [
        'linked',
        () => {
          symlinkSync('a', folder.path('data/link'));
        },
      ],
    ];
    for (const [what, edit] of edits) {
      edit();
      const before = listing(folder.path('data'));
      await expect(put(), what).rejects.toMatchObject({ code: 'would-undo-edits', exitCode: 2 });
      await expect(put(), what).rejects.toMatchObject({
        hint: "Keep the edits with 'ocrpipe commit data', or give them up with 'ocrpipe checkout --force data'.",
      });
      expect(listing(folder.path('data')), what).toEqual(before);
      await files.checkout(data, second, { force: true });
    }
    const whole = listing(folder.path('data'));
    folder.remove('data/sub/b');
    folder.remove('data/a');
    expect(await put()).toBe(true);
    expect(listing(folder.path('data'))).toEqual(whole);
  });

  test('with keepEdits, what another version holds in the same place is no edit', async () => {
    const { folder, first } = await twoVersions();
    folder.write('data/a', 'a1');
    expect(await folder.files().checkout(data, first, { keepEdits: true })).toBe(true);
  });

  test.each(['a folder', 'a file'])(
    '%s with a large file can be given up while that is copied',
    async (kind) => {
      const folder = new TrackedFolder();
      const name = kind === 'a file' ? 'data' : 'data/sub/large';
      folder.write(name, Buffer.alloc(96 * 1024 * 1024, 'x'));
      const snapshot = await folder.add('data');
      folder.remove('data');
      const controller = new AbortController();
      const events = (): void => {
        controller.abort(new Error('given up'));
      };
      const given = folder.files().checkout(data, snapshot, { events, signal: controller.signal });
      await expect(given).rejects.toThrow('given up');
      const names = folder.names('.').filter((each) => !each.startsWith('.ocrstore'));
      expect(names).toEqual(['.gitignore', 'data.ocr']);
      expect(await folder.files().checkout(data, snapshot)).toBe(true);
      expect((await folder.files().snapshot(data))?.id).toBe(snapshot.id);
    },
  );

  test('a copy in the store that is damaged or cut does not stand for the one in the workspace', async () => {
    const folder = new TrackedFolder();
    const large = Buffer.alloc(1_500_000, 'x');
    folder.write('data/large', 'small');
    folder.write('data/small', 's1');
    const first = await folder.add('data');
    folder.write('data/large', large);
    await folder.add('data');
    const [name] = folder.names('.ocrstore/objects').filter((each) => each.includes('/'));
    const object = folder.path(`.ocrstore/objects/${name!}`);
    chmodSync(object, 0o644);
    writeFileSync(object, large.subarray(0, 1000));
    await expect(folder.files().checkout(data, first)).rejects.toMatchObject({ code: 'would-lose-bytes' });
    writeFileSync(object, Buffer.alloc(large.length, 'y'));
    await expect(folder.files().checkout(data, first)).rejects.toMatchObject({ code: 'would-lose-bytes' });
    expect(readFileSync(folder.path('data/large')).equals(large)).toBe(true);
    await folder.add('data');
    expect(await folder.files().checkout(data, first)).toBe(true);
  });

  test.each([
    ['a new folder', 1_500_000],
    ['a folder that is there', 1_500_000],
    ['a new folder', 100],
    ['a folder that is there', 100],
    ['a new folder', undefined],
    ['a folder that is there', undefined],
  ])('a damaged or missing object is named and the rest put in place: %s, %s bytes', async (kind, left) => {
    const folder = new TrackedFolder();
    const large = Buffer.alloc(1_500_000, 'x');
    folder.write('data/a', 'a');
    folder.write('data/large', large);
    folder.write('data/sub/b', 'b');
    await folder.add('data');
    const [name] = folder.names('.ocrstore/objects').filter((each) => each.includes('/'));
    const object = folder.path(`.ocrstore/objects/${name!}`);
    chmodSync(object, 0o644);
    if (left === undefined) rmSync(object);
    else writeFileSync(object, Buffer.alloc(left, 'y'));
    for (const each of kind === 'a new folder' ? ['data'] : ['data/a', 'data/large', 'data/sub'])
      folder.remove(each);
    const refused = folder.checkout('data');
    const code = left === undefined ? 'object-missing' : 'object-damaged';
    await expect(refused).rejects.toMatchObject({ code, exitCode: 1 });
    await expect(refused).rejects.toThrow('data/large');
    expect(folder.names('data')).toEqual(['a', 'sub', 'sub/b']);
    folder.write('data/large', large);
    await folder.add('data');
    expect(await folder.state('data')).toBe('clean');
  });

  test('what a rule came to ignore is compared, not met as a stranger', async () => {
    const folder = new TrackedFolder();
    folder.write('data/a.bak', 'a1');
    folder.write('data/scratch/b', 'b1');
    folder.write('data/keep', 'k1');
    const first = await folder.add('data');
    folder.write('.ocrignore', '*.bak\nscratch/\n');
    folder.write('data/scratch/extra', 'mine');
    expect(await folder.checkout('data')).toBe(false);
    folder.write('data/a.bak', 'edited');
    await expect(folder.checkout('data')).rejects.toMatchObject({ code: 'would-lose-bytes' });
    folder.write('data/a.bak', 'k1');
    await expect(folder.files().checkout(data, first, { keepEdits: true })).rejects.toMatchObject({
      code: 'would-undo-edits',
    });
    folder.remove('data/a.bak');
    folder.remove('data/scratch/b');
    expect(await folder.checkout('data')).toBe(true);
    expect([
      folder.read('data/a.bak'),
      folder.read('data/scratch/b'),
      folder.read('data/scratch/extra'),
    ]).toEqual(['a1', 'b1', 'mine']);
    folder.write('data/scratch/b', 'edited');
    await folder.checkout('data', { force: true });
    expect(folder.read('data/scratch/b')).toBe('b1');
  });

  test('a file that the user makes while it runs is not overwritten', async () => {
    const { folder, first } = await twoVersions();
    const files = folder.files();
    // The event comes from the wait for the lock, which this test holds while it edits.
    const lock = await acquireLock({
      path: folder.path('.ocrstore/locks/workspace'),
      what: 'the workspace',
      command: 'test',
    });
    const waiting = new Promise<void>((resolve) => {
      const running = files.checkout(data, first, {
        events: (event) => {
          if (event.type !== 'waiting') return;
          writeFileSync(folder.path('data/sub/b'), 'edited now');
          lock.release();
          resolve(expect(running).rejects.toMatchObject({ code: 'would-lose-bytes' }));
        },
      });
    });
    await waiting;
    expect(folder.read('data/sub/b')).toBe('edited now');
  });
});

describe('the three states', () => {
  test('are told apart', async () => {
    const { folder, first, second } = await twoVersions();
    const pointerOf = (snapshot: Snapshot) =>
      `version: 1\nid: ${snapshot.id}\nkind: directory\nsize: ${snapshot.size}\nfiles: ${snapshot.files!}\n`;
    expect(await folder.state('data')).toBe('clean');
    folder.write('data.ocr', pointerOf(first));
    expect(await folder.state('data')).toBe('pointer-moved');
    folder.write('data/a', 'edited');
    expect(await folder.state('data')).toBe('conflict');
    folder.write('data.ocr', pointerOf(second));
    expect(await folder.state('data')).toBe('modified');
    folder.remove('data');
    expect(await folder.state('data')).toBe('missing');
    folder.remove('data.ocr');
    expect(await folder.state('data')).toBe('untracked');
  });

  test('without the memory of this machine, stored bytes count as an earlier version and others as an edit', async () => {
    const { folder, first } = await twoVersions();
    await folder.files().checkout(data, first);
    folder.remove('.ocrstore/index');
    expect(await folder.state('data')).toBe('pointer-moved');
    folder.write('data/a', 'edited');
    folder.remove('.ocrstore/index');
    expect(await folder.state('data')).toBe('modified');
  });

  test('after a checkout that was killed, a file that was moved since is an edit', async () => {
    const { folder, first } = await twoVersions();
    await folder.files().checkout(data, first);
    killedCheckout(folder);
    expect(await folder.state('data')).toBe('pointer-moved');
    const [a, b] = [folder.read('data/a'), folder.read('data/sub/b')];
    folder.write('data/a', b);
    folder.write('data/sub/b', a);
    expect(await folder.state('data')).toBe('conflict');
    await expect(
      folder.files().checkout(data, folder.files().pointer(data)!, { keepEdits: true }),
    ).rejects.toMatchObject({ code: 'would-undo-edits' });
  });

  test('a pointer is never written to what is not in the store', async () => {
    const { folder, second } = await twoVersions();
    const nowhere: Snapshot = { id: contentIdOf('nowhere'), kind: 'file', size: 7 };
    await expect(folder.files().writePointer(data, nowhere)).rejects.toMatchObject({
      code: 'pointer-to-nothing',
    });
    expect(folder.files().pointer(data)?.id).toBe(second.id);
    for (const pack of folder.names('.ocrstore/packs')) folder.remove(`.ocrstore/packs/${pack}`);
    await expect(folder.files().writePointer('other' as RepoPath, second)).rejects.toMatchObject({
      code: 'pointer-to-nothing',
    });
    expect(folder.has('other.ocr')).toBe(false);
  });

  test('add stores again what the store has lost, however well the index remembers it', async () => {
    const { folder, second } = await twoVersions();
    for (const pack of folder.names('.ocrstore/packs')) folder.remove(`.ocrstore/packs/${pack}`);
    expect(folder.files().inStore(second)).toBe(false);
    await folder.add('data');
    expect(folder.files().inStore(second)).toBe(true);
  });
});
