import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { BytePath } from '../../../src/tracking/byte-path.js';
import {
  BlockReader,
  BlockWriter,
  EMPTY_BLOCK,
  type FolderBlock,
} from '../../../src/tracking/scan/stat-index-format.js';
import { StatIndex } from '../../../src/tracking/scan/stat-index.js';
import fc, { runs } from '../../rig/fast-check.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

/** So many that an index is not written whole for one of them. */
const FILES = 4000;
const folder = (name: string) => name as BytePath;

/** A folder of so many files, all alike but for those named in `sizes`. */
function blockOf(sizes: ReadonlyMap<number, number>, files = FILES): FolderBlock {
  const writer = new BlockWriter();
  for (let file = 0; file < files; file += 1) {
    const size = sizes.get(file) ?? 0;
    const stat = { size, mtimeMs: 1, ctimeMs: 2, ino: file + 1, mode: 0o100644 };
    writer.add(`img-${String(file).padStart(6, '0')}.png`, stat, contentIdOf(`${file} ${size}`));
  }
  const tree = { id: contentIdOf(JSON.stringify([...sizes])), files, bytes: sizes.size };
  const memory = { stat: { mtimeMs: 1, ctimeMs: 2, ino: 3 }, rulesKey: tree.id, tree, stored: undefined };
  return writer.finish(memory);
}

function sizesIn(block: FolderBlock): number[] {
  const sizes: number[] = [];
  for (const reader = new BlockReader(block); reader.next();) sizes.push(reader.size);
  return sizes;
}

/** The files of an index that was saved with `before`, then, by another process, with `after`. */
function changedIndex(before: FolderBlock, after: FolderBlock): string {
  const path = join(temporaryFolder(), 'stat');
  for (const block of [before, after]) {
    const index = new StatIndex(path);
    index.replaceFolder(folder('data'), block);
    index.save();
  }
  return path;
}

describe('an index of many files', () => {
  test('is not written again for one that changed, but what changed is: kilobytes', () => {
    const path = changedIndex(blockOf(new Map()), blockOf(new Map([[1234, 7]])));
    expect(statSync(path).size).toBeGreaterThan(FILES * 80);
    expect(statSync(`${path}-changes`).size).toBeLessThan(2048);
    const { entries, memory } = new StatIndex(path).folder(folder('data'));
    expect(
      sizesIn({ count: FILES, entries })
        .map((size, file) => [size, file])
        .filter(([size]) => size !== 0),
    ).toEqual([[7, 1234]]);
    expect(memory).toEqual(blockOf(new Map([[1234, 7]])).memory);
  });

  test('is written whole once much of it changed, and has nothing beside it then', () => {
    const sizes = new Map(Array.from({ length: FILES / 4 }, (_, file) => [file * 4, 7]));
    const path = changedIndex(blockOf(new Map([[1, 1]])), blockOf(sizes));
    expect(readdirSync(join(path, '..'))).toEqual(['stat']);
    expect(sizesIn(new StatIndex(path).folder(folder('data')))).toEqual(sizesIn(blockOf(sizes)));
  });

  test('is what it was before the changes, where the file of these is damaged or belongs to another index', () => {
    const [before, after] = [blockOf(new Map()), blockOf(new Map([[1234, 7]]))];
    const path = changedIndex(before, after);
    const changes = readFileSync(`${path}-changes`);
    const wrong: string[] = [];
    const tryWith = (bytes: Uint8Array, what: string) => {
      writeFileSync(`${path}-changes`, bytes);
      if (!new StatIndex(path).folder(folder('data')).entries.equals(before.entries)) wrong.push(what);
    };
    for (let at = 0; at < changes.length; at += 3) {
      const bytes = Buffer.from(changes);
      bytes[at]! ^= 1 << (at & 7);
      tryWith(bytes, `a bit of byte ${at}`);
      tryWith(changes.subarray(0, at), `cut to ${at}`);
    }
    tryWith(readFileSync(`${changedIndex(blockOf(new Map([[9, 9]])), after)}-changes`), 'of another');
    expect(wrong).toEqual([]);
    tryWith(changes, 'as it was written');
    expect(wrong).toEqual(['as it was written']);
  });

  const change = fc.oneof(
    fc.record({
      folder: fc.constantFrom('data', 'other'),
      file: fc.nat(FILES - 1),
      size: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({
      folder: fc.constantFrom('data', 'other', 'few'),
      files: fc.constantFrom(0, 3, 5, FILES - 1, FILES),
    }),
  );

  test('remembers what was remembered last, whoever wrote it and however', () => {
    let besides = 0;
    const law = fc.property(fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 8 }), (saves) => {
      const path = join(temporaryFolder(), 'stat');
      const model = new Map<string, FolderBlock>();
      const sizes = new Map<string, Map<number, number>>();
      let kept = new StatIndex(path);
      for (const [turn, changes] of [[{ folder: 'data', files: FILES }], ...saves].entries()) {
        // Every other save is of a process that saved before.
        const index = turn % 2 === 0 ? (kept = new StatIndex(path)) : kept;
        for (const each of changes) {
          const files = 'files' in each ? each.files : (model.get(each.folder)?.count ?? 0);
          if ('files' in each) sizes.set(each.folder, new Map());
          else sizes.set(each.folder, new Map([...(sizes.get(each.folder) ?? []), [each.file, each.size]]));
          const block = files === 0 ? EMPTY_BLOCK : blockOf(sizes.get(each.folder)!, files);
          model.set(each.folder, block);
          index.replaceFolder(folder(each.folder), block);
        }
        index.save();
        if (existsSync(`${path}-changes`)) besides += 1;
        const read = new StatIndex(path);
        for (const [name, block] of model) {
          const found = read.folder(folder(name));
          expect(found.entries.equals(block.entries)).toBe(true);
          expect({ ...found, entries: 0 }).toEqual({ ...block, entries: 0 });
        }
      }
    });
    fc.assert(law, { numRuns: runs(12) });
    expect(besides).toBeGreaterThan(0);
  });
});
