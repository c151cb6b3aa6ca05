import { chmodSync, closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { checkFile } from '../../../src/store/fsck/check-file.js';
import type { StoreFile } from '../../../src/store/fsck/finding.js';
import { listStore } from '../../../src/store/fsck/store-files.js';
import { LocalStore } from '../../../src/store/local-store.js';
import { LooseObjects } from '../../../src/store/loose-objects.js';
import { RunRecords } from '../../../src/store/run-records.js';
import { buildTree } from '../../../src/store/tree-builder.js';
import { Trash } from '../../../src/store/trash.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { fileEntry } from '../entries.js';

const unwatched = { stopped: () => false, onBytes: () => undefined };

/** A store of about 1 KB with a file of every kind: packs of blobs, of nodes, of both; an object by itself, a run record. */
function tinyStore(root: string): LocalStore {
  const store = LocalStore.create(join(root, 'store'));
  const writer = store.writer();
  const entries = ['a', 'b', 'c'].map((name) => fileEntry(name));
  for (const { name } of entries) writer.putBlob(Buffer.from(name));
  buildTree(entries, (node) => writer.putTree(node, 'tree'));
  buildTree([fileEntry('a')], (node) => writer.putTree(node, 'listing'));
  writer.finish();
  const bytes = Buffer.from('an object by itself');
  new LooseObjects(store.root, new Trash(store.root), () => undefined).putBytes(contentIdOf(bytes), bytes);
  new RunRecords(store.root).put(contentIdOf('inputs'), { outs: { model: 'm' } });
  return store;
}

function isReported(file: StoreFile): boolean {
  return checkFile(file, unwatched).findings.length > 0;
}

describe('a check of a store', () => {
  let files: StoreFile[] = [];

  beforeAll(() => {
    const { root } = tinyStore(temporaryFolder(afterAll));
    files = listStore(root).files;
    for (const { file } of files) chmodSync(file, 0o644);
  });

  it('finds nothing wrong as long as nothing is', () => {
    expect(files.map(({ what }) => what)).toEqual(['pack', 'pack', 'blob', 'run']);
    expect(files.filter(isReported)).toEqual([]);
  });

  it('reports every flipped bit of every file', () => {
    for (const each of files) {
      const sound = readFileSync(each.file);
      const unnoticed: string[] = [];
      const fd = openSync(each.file, 'r+');
      sound.forEach((byte, at) => {
        for (let bit = 0; bit < 8; bit += 1) {
          writeSync(fd, Buffer.of(byte ^ (1 << bit)), 0, 1, at);
          if (!isReported(each)) unnoticed.push(`${each.key} byte ${at} bit ${bit}`);
        }
        writeSync(fd, Buffer.of(byte), 0, 1, at);
      });
      closeSync(fd);
      expect(unnoticed).toEqual([]);
      expect(isReported(each)).toBe(false);
    }
  });

  it('reports every truncation of every file, and every byte too many', () => {
    for (const each of files) {
      const sound = readFileSync(each.file);
      const unnoticed: number[] = [];
      for (let length = 0; length < sound.length; length += 1) {
        writeFileSync(each.file, sound.subarray(0, length));
        if (!isReported(each)) unnoticed.push(length);
      }
      writeFileSync(each.file, Buffer.concat([sound, Buffer.alloc(1)]));
      if (!isReported(each)) unnoticed.push(sound.length + 1);
      writeFileSync(each.file, sound);
      expect(unnoticed).toEqual([]);
    }
  });
});
