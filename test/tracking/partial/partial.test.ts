import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { RepoPath } from '../../../src/base/paths.js';
import { joinParts } from '../../../src/tracking/partial/partial.js';
import { crashesOf } from '../../rig/crashes.js';
import { listing } from '../listing.js';
import { TrackedFolder } from '../tracked-folder.js';
import fc, { runs, RUNS } from '../../rig/fast-check.js';

const data = 'data' as RepoPath;
const parts = (...names: string[]) => names.map((name) => `data/${name}` as RepoPath);

/** A tracked directory, stored, of which nothing is in the workspace, as after a clone and a fetch. */
async function stored(files: Record<string, string>) {
  const folder = new TrackedFolder();
  for (const [name, text] of Object.entries(files)) folder.write(`data/${name}`, text);
  const snapshot = await folder.add('data');
  folder.remove('data');
  folder.remove('.ocrstore/index');
  return { folder, snapshot };
}

const FILES = { 'sub/a': 'a', 'sub/b': 'b', 'other/c': 'c', 'other/deep/d': 'd', e: 'e', f: 'f' };

describe('a directory of which only parts are there', () => {
  test('is clean, and remembers that the rest was not deleted', async () => {
    const { folder, snapshot } = await stored(FILES);
    expect(await folder.files().checkoutParts(data, snapshot, { parts: parts('sub') })).toBe(true);
    expect(folder.names('data')).toEqual(['sub', 'sub/a', 'sub/b']);
    expect(await folder.files().state(data)).toMatchObject({ state: 'clean', parts: ['data/sub'] });
    expect((await folder.files().snapshot(data))?.files).toBe(2);
    expect(await folder.files().checkoutParts(data, snapshot, { parts: parts('sub') })).toBe(false);
  });

  test('an edit of a part is one of the whole: everything else stays in it, and a deletion in the part counts', async () => {
    const { folder, snapshot } = await stored(FILES);
    await folder.files().checkoutParts(data, snapshot, { parts: parts('sub', 'e') });
    folder.write('data/sub/a', 'edited');
    folder.write('data/other/new', 'new');
    folder.remove('data/sub/b');
    folder.remove('data/e');
    expect(await folder.state('data')).toBe('modified');
    const edited = await folder.add('data');
    expect(await folder.state('data')).toBe('clean');
    folder.remove('data');
    await folder.checkout('data');
    expect(folder.names('data')).toEqual([
      'f',
      'other',
      'other/c',
      'other/deep',
      'other/deep/d',
      'other/new',
      'sub',
      'sub/a',
    ]);
    expect(edited.files).toBe(5);
    expect(await folder.files().state(data)).not.toHaveProperty('parts');
  });

  test('the bytes of the rest need not be here', async () => {
    const { folder, snapshot } = await stored(FILES);
    // A store with the listings of the whole and the bytes of the part, as a pull of a part leaves it.
    const away = new TrackedFolder();
    away.write('data.ocr', folder.read('data.ocr'));
    const writer = away.store.writer();
    for (const table of folder.store.packs()) {
      for (let index = 0; index < table.count; index += 1) {
        const { kind, id } = table.entry(index);
        if (kind === 'tree') writer.putTree(folder.store.read(kind, id), 'tree');
      }
    }
    writer.putBlob(Buffer.from('a'));
    writer.putBlob(Buffer.from('b'));
    writer.finish();
    await away.files().checkoutParts(data, snapshot, { parts: parts('sub') });
    expect(away.files().inStore(snapshot)).toBe(false);
    expect(await away.state('data')).toBe('clean');
    away.write('data/sub/a', 'edited');
    const edited = await away.add('data');
    expect(edited).toMatchObject({ files: 6, size: snapshot.size + 5 });
    expect(await away.state('data')).toBe('clean');
    await expect(away.checkout('data')).rejects.toMatchObject({ code: 'object-missing' });
  });

  test('killed while parts are put there, none that has not come yet counts as deleted', async () => {
    const { folder, snapshot } = await stored(FILES);
    const put = () => folder.files().checkoutParts(data, snapshot, { parts: parts('sub', 'e', 'other') });
    const between: number[] = [];
    for (const { root } of await crashesOf(folder.root, put)) {
      const died = TrackedFolder.at(root);
      between.push(['sub', 'e', 'other'].filter((name) => died.has(`data/${name}`)).length);
      if (died.has('data/sub')) {
        // Whoever goes on working there instead of pulling again loses nothing of the rest.
        died.write('data/sub/a', 'edited');
        expect(await died.add('data')).toMatchObject({ files: 6 });
      }
      if (died.has('data'))
        await died
          .files()
          .checkoutParts(data, died.files().pointer(data)!, { parts: parts('sub', 'e', 'other') });
      if (died.has('data'))
        expect(died.names('data').filter((name) => /^(e|other.c|sub.b)$/.test(name))).toHaveLength(3);
    }
    expect([...new Set(between)].sort()).toEqual([0, 1, 2, 3]);
  });

  test('parts of one version only: others are asked for', async () => {
    const { folder, snapshot } = await stored(FILES);
    await folder.checkout('data');
    for (const name of ['sub/a', 'other/c']) folder.write(`data/${name}`, 'second');
    const second = await folder.add('data');
    await expect(folder.files().checkoutParts(data, snapshot, { parts: parts('sub') })).rejects.toMatchObject(
      { code: 'mixed-versions', hint: expect.stringContaining("'ocrpipe pull data'") as string },
    );
    folder.remove('data');
    await folder.files().checkoutParts(data, snapshot, { parts: parts('sub', 'e', 'other') });
    const refused = folder.files().checkoutParts(data, second, { parts: parts('sub') });
    await expect(refused).rejects.toMatchObject({
      code: 'mixed-versions',
      hint: expect.stringContaining("'ocrpipe pull data/sub data/other'") as string,
    });
    await folder.files().checkoutParts(data, second, { parts: parts('sub', 'other') });
    expect([folder.read('data/sub/a'), folder.read('data/e')]).toEqual(['second', 'e']);
    expect(await folder.files().state(data)).toMatchObject({
      state: 'clean',
      parts: parts('e', 'other', 'sub'),
    });
  });

  test('an edit in a part is not undone by putting it there again', async () => {
    const { folder, snapshot } = await stored(FILES);
    await folder.files().checkoutParts(data, snapshot, { parts: parts('sub') });
    folder.write('data/sub/a', 'b');
    const again = folder.files().checkoutParts(data, snapshot, { parts: parts('sub'), keepEdits: true });
    await expect(again).rejects.toMatchObject({
      code: 'would-undo-edits',
      hint: expect.stringContaining("'ocrpipe commit data'") as string,
    });
    expect(folder.read('data/sub/a')).toBe('b');
  });

  test('where the listing of the rest is lost, nothing is taken for deleted', async () => {
    const { folder, snapshot } = await stored(FILES);
    await folder.files().checkoutParts(data, snapshot, { parts: parts('sub') });
    rmSync(folder.path('.ocrstore/packs'), { recursive: true });
    expect(await folder.state('data')).toBe('missing');
    await expect(folder.files().store(data)).rejects.toMatchObject({ code: 'object-missing' });
  });

  test(
    'any choice of parts, edited in any way, gives what the whole would have given',
    { timeout: 120_000 * RUNS },
    async () => {
      const names = ['a', 'b', 'x/a', 'x/b', 'x/y/a', 'x/y/b', 'z/a'];
      const file = fc.constantFrom(...names);
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.constantFrom(...names, 'x', 'x/y', 'z'), { minLength: 1, maxLength: 3 }),
          fc.array(fc.record({ file, text: fc.option(fc.constantFrom('1', '2')) }), { maxLength: 4 }),
          async (chosen, edits) => {
            const { folder, snapshot } = await stored(Object.fromEntries(names.map((name) => [name, name])));
            const kept = joinParts([], chosen);
            const inside = (name: string) =>
              kept.some((part) => name === part || name.startsWith(`${part}/`));
            await folder.files().checkoutParts(data, snapshot, { parts: parts(...kept) });
            const whole = new TrackedFolder();
            for (const name of names) whole.write(`data/${name}`, name);
            for (const { file, text } of edits.filter((edit) => inside(edit.file) || edit.text !== null)) {
              for (const each of [folder, whole]) {
                if (text === null) rmSync(each.path(`data/${file}`), { force: true });
                else each.write(`data/${file}`, text);
              }
            }
            const merged = await folder.add('data');
            expect(merged).toEqual(await whole.add('data'));
            folder.remove('data');
            await folder.checkout('data');
            expect(listing(folder.path('data'))).toEqual(listing(whole.path('data')));
          },
        ),
        { numRuns: runs(40) },
      );
    },
  );
});
