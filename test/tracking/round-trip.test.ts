import { chmodSync, mkdirSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { systemErrorCode } from '../../src/base/errors.js';
import { listing } from './listing.js';
import { TrackedFolder } from './tracked-folder.js';
import fc, { runs, RUNS } from '../rig/fast-check.js';

/** What stands at a name: a file's bytes, a link's target, or what is in a folder. */
type Thing = { file: string; executable: boolean } | { link: string } | { folder: [string, Thing][] };

/** Names as bytes (latin1): any that Linux takes, the odd ones often. */
const odd = [
  'a',
  'b',
  ' ',
  '-',
  '--force',
  '\n',
  '\r\t',
  '"\'',
  '\\',
  '\\x41',
  '*',
  '#',
  '!a',
  '~',
  '.ocr',
  'a.ocr',
  '...',
  '.gitignore',
  '\xc3\xa9',
  'e\xcc\x81',
  '\xff\xfe',
  '\xc3',
  '\xf0\x9f\x98\x80',
  'x'.repeat(255),
  '\xff'.repeat(255),
];
const anyByte = fc.integer({ min: 1, max: 255 }).filter((byte) => byte !== 0x2f);
const name = fc
  .oneof(
    { weight: 3, arbitrary: fc.constantFrom(...odd) },
    {
      weight: 1,
      arbitrary: fc
        .array(anyByte, { minLength: 1, maxLength: 12 })
        .map((bytes) => Buffer.from(bytes).toString('latin1')),
    },
  )
  .filter((text) => !['.', '..'].includes(text));
const { tree } = fc.letrec<{ tree: [string, Thing][]; thing: Thing }>((tie) => ({
  thing: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ file: fc.string({ maxLength: 6 }), executable: fc.boolean() }),
    fc.record({ link: name.filter((target) => !target.startsWith('~')) }),
    fc.record({ folder: tie('tree') }),
  ),
  tree: fc.uniqueArray(fc.tuple(name, tie('thing')), { maxLength: 6, selector: ([each]) => each }),
}));

function make(folder: Buffer, things: readonly [string, Thing][]): void {
  mkdirSync(folder);
  for (const [each, thing] of things) {
    const path = Buffer.concat([folder, Buffer.from(`/${each}`, 'latin1')]);
    if ('folder' in thing) make(path, thing.folder);
    else if ('link' in thing) {
      symlinkSync(Buffer.from(thing.link, 'latin1'), path);
      // Rings are refused: what closes one is left out.
      if (leadsToItself(path)) unlinkSync(path);
    } else {
      writeFileSync(path, thing.file);
      chmodSync(path, thing.executable ? 0o755 : 0o644);
    }
  }
}

function leadsToItself(link: Buffer): boolean {
  try {
    statSync(link, { throwIfNoEntry: false });
    return false;
  } catch (error) {
    return systemErrorCode(error) === 'ELOOP';
  }
}

describe('any two versions of a directory', () => {
  test('replace each other exactly, and come back whole', { timeout: 120_000 * RUNS }, async () => {
    const law = fc.asyncProperty(tree, tree, async (first, second) => {
      const folder = new TrackedFolder();
      const data = folder.path('data');
      const versions = [];
      for (const things of [first, second]) {
        rmSync(data, { recursive: true, force: true });
        make(Buffer.from(data), things);
        versions.push({ snapshot: await folder.add('data'), holds: listing(data) });
      }
      for (const { snapshot, holds } of [...versions].reverse().concat(versions)) {
        await folder.files().checkout('data' as never, snapshot);
        expect(listing(data)).toEqual(holds);
      }
      rmSync(data, { recursive: true });
      await folder.checkout('data');
      expect(listing(data)).toEqual(versions[1]!.holds);
      expect(await folder.state('data')).toBe('clean');
    });
    await fc.assert(law, { numRuns: runs(30) });
  });
});
