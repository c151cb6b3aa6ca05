import { chmodSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import { CheckMemory } from '../../../src/store/fsck/check-memory.js';
import { checkStore } from '../../../src/store/fsck/check-store.js';
import { checkFile } from '../../../src/store/fsck/check-file.js';
import { CheckingThreads } from '../../../src/store/fsck/checking-threads.js';
import { listStore } from '../../../src/store/fsck/store-files.js';
import { LocalStore } from '../../../src/store/local-store.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const MIB = 1024 * 1024;

/** A store with a large blob for each of the bytes. */
function storeOf(...bytes: readonly number[]): LocalStore {
  const store = LocalStore.create(join(temporaryFolder(), 'store'));
  const writer = store.writer();
  for (const byte of bytes) writer.putBlob(Buffer.alloc(MIB, byte));
  writer.putBlob(Buffer.from('small'));
  writer.finish();
  return store;
}

function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes[100]! ^= 4;
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
}

describe('checking on several threads', () => {
  it('reports what a check on one thread does', async () => {
    const { root } = storeOf(1, 2, 3);
    const { files } = listStore(root);
    damage(files.at(-1)!.file);
    const threads = new CheckingThreads(100 * MIB);
    const reports = await Promise.all(files.slice(0, threads.atOnce).map((file) => threads.check(file)));
    const last = await threads.check(files.at(-1)!);
    await threads.close();
    const alone = { stopped: () => false, onBytes: () => undefined };
    expect(reports).toEqual(files.slice(0, threads.atOnce).map((file) => checkFile(file, alone)));
    expect(last.findings).toMatchObject([{ object: { kind: 'blob' } }]);
    expect(threads.watch.bytes).toBeGreaterThan(MIB);
  });

  it('ends in the middle of a file when it is told to', async () => {
    const { root } = storeOf(1);
    const threads = new CheckingThreads(100 * MIB);
    threads.watch.stop();
    const report = await threads.check(listStore(root).files[1]!);
    await threads.close();
    expect(report).toMatchObject({ objects: 0, findings: [] });
    expect(report.state).toBeUndefined();
  });
});

describe('what is remembered of checks', () => {
  const options = { events: noEvents, signal: new AbortController().signal };

  function memoryOf(store: LocalStore): { file: string; open: () => CheckMemory } {
    const file = join(store.root, '..', 'memory');
    return { file, open: () => new CheckMemory(file, store.format.store) };
  }

  it('is of sound files only, and of those that are as they were', async () => {
    const store = storeOf(1, 2);
    const { files } = listStore(store.root);
    damage(files[1]!.file);
    const { open } = memoryOf(store);
    await checkStore(files, { memory: open(), ...options });
    const none = await checkStore(files, { memory: open(), budgetMs: 0, ...options });
    expect(none.unchecked).toMatchObject({ files: 3, never: 1 });
    damage(files[2]!.file);
    const later = await checkStore(files, { memory: open(), budgetMs: 0, ...options });
    expect(later.unchecked.never).toBe(2);
  });

  it('lets a check that ended early be followed by one of the other files: new ones first, then those checked longest ago', async () => {
    const store = storeOf(1, 2, 3);
    const { files } = listStore(store.root);
    const { file } = memoryOf(store);
    const order: string[] = [];
    const stop = { after: 2, told: new AbortController() };
    class Watched extends CheckMemory {
      override note(...noted: Parameters<CheckMemory['note']>): void {
        super.note(...noted);
        order.push(noted[0]);
        if (order.length === stop.after) stop.told.abort(new Error('enough'));
      }
    }
    const keys = files.map(({ key }) => key);
    const before = new CheckMemory(file, store.format.store);
    // The last one was never checked, the others were in this order: the third, the first, the second.
    for (const [index, time] of [
      [2, 1000],
      [0, 2000],
      [1, 3000],
    ] as const) {
      const { size, mtimeMs, ctimeMs, ino } = lstatSync(files[index]!.file);
      before.note(keys[index]!, { size, mtimeMs, ctimeMs, ino }, time);
    }
    before.save(new Set(keys));
    const check = () => {
      const memory = new Watched(file, store.format.store);
      return checkStore(files, { memory, events: noEvents, signal: stop.told.signal });
    };
    await expect(check()).rejects.toThrow('enough');
    expect(order.splice(0)).toEqual([keys[3], keys[2]]);
    Object.assign(stop, { after: 5, told: new AbortController() });
    await check();
    expect(order.slice(0, 2)).toEqual([keys[0], keys[1]]);
    // The check that ended early may have seen both in one millisecond.
    expect(new Set(order.slice(2))).toEqual(new Set([keys[3], keys[2]]));
  });

  it('is nothing once the file is damaged in any bit, of another store, or gone', async () => {
    const store = storeOf(1);
    const { files } = listStore(store.root);
    const { file, open } = memoryOf(store);
    await checkStore(files, { memory: open(), ...options });
    const sound = readFileSync(file);
    const { size, mtimeMs, ctimeMs, ino } = lstatSync(files[0]!.file);
    const state = { size, mtimeMs, ctimeMs, ino };
    const known = (memory: CheckMemory): boolean => memory.checkedAt(files[0]!.key, state) > 0;
    expect(known(open())).toBe(true);
    expect(known(new CheckMemory(file, 'another store'))).toBe(false);
    for (let bit = 0; bit < sound.length * 8; bit += 1) {
      const bytes = Buffer.from(sound);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(file, bytes);
      const survives = known(open());
      // The line break behind the checksum says nothing.
      if (bit < (sound.length - 1) * 8) expect(survives).toBe(false);
    }
    rmSync(file);
    expect(known(open())).toBe(false);
  });
});
