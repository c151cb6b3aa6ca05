import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytePath } from '../../../src/tracking/byte-path.js';
import { NAMES_TOGETHER, StatsAhead } from '../../../src/tracking/scan/stats-ahead.js';
import { Scanned } from './scanned-folder.js';

const FOLDERS = ['a', 'b', 'b/c'];
/** In the last folder the last names are fewer than are looked at together. */
const FILES = NAMES_TOGETHER * 2 + 10;
const nameOf = (number: number) => `${String(number).padStart(4, '0')}.txt`;

async function scannedFolder(): Promise<Scanned> {
  const scanned = new Scanned();
  for (const folder of FOLDERS) {
    mkdirSync(join(scanned.root, 'data', folder));
    for (let number = 0; number < FILES; number += 1)
      writeFileSync(join(scanned.root, 'data', folder, nameOf(number)), `${folder} ${number}`);
  }
  await scanned.scan();
  return scanned;
}

/** What other threads say of the files of a folder when they have looked at everything. */
async function lookedAt(
  { root, index }: Pick<Scanned, 'root' | 'index'>,
  folder: string,
): Promise<boolean[]> {
  const ahead = StatsAhead.begin({ root: bytePath(root), top: bytePath('data'), index: index() }, 1);
  expect(ahead).toBeDefined();
  await ahead!.finished();
  const next = ahead!.namesOf(bytePath(folder));
  const said = Array.from({ length: FILES }, next);
  await ahead!.close();
  return said;
}

describe('other threads that look at files', () => {
  test('find all of an unchanged folder as it is remembered, and nothing in one that is not', async () => {
    const scanned = await scannedFolder();
    const at = { root: scanned.root, index: () => scanned.index() };
    for (const folder of FOLDERS)
      expect(new Set(await lookedAt(at, `data/${folder}`))).toEqual(new Set([true]));
    expect(new Set(await lookedAt(at, 'data/none'))).toEqual(new Set([false]));
  });

  test('say nothing of names beside one that is not as it is remembered', async () => {
    const scanned = await scannedFolder();
    writeFileSync(join(scanned.root, 'data/b', nameOf(NAMES_TOGETHER)), 'edited');
    rmSync(join(scanned.root, 'data/b', nameOf(FILES - 1)));
    const said = await lookedAt({ root: scanned.root, index: () => scanned.index() }, 'data/b');
    expect(said).toEqual(Array.from({ length: FILES }, (_name, number) => number < NAMES_TOGETHER));
  });

  test('are not begun for a few files', async () => {
    const scanned = await scannedFolder();
    const parts = { root: bytePath(scanned.root), top: bytePath('data'), index: scanned.index() };
    expect(StatsAhead.begin(parts)).toBeUndefined();
  });

  const changes: Record<string, (file: string) => void> = {
    nothing: () => undefined,
    'an edit of the same length': (file) => {
      writeFileSync(file, 'x'.repeat(5));
    },
    'an edit under former times': (file) => {
      writeFileSync(file, 'edited');
      utimesSync(file, 1, 1);
    },
    'a removed file': (file) => {
      rmSync(file);
    },
    'another name': (file) => {
      renameSync(file, `${file}.bak`);
    },
    'a folder in the place of a file': (file) => {
      rmSync(file);
      mkdirSync(file);
    },
    'a link in the place of a file': (file) => {
      rmSync(file);
      symlinkSync(nameOf(1), file);
    },
    'an executable bit': (file) => {
      chmodSync(file, 0o755);
    },
  };
  test.each(Object.entries(changes))('let a scan miss nothing: %s', async (_name, change) => {
    const scanned = await scannedFolder();
    for (const [folder, number] of [
      ['a', 3],
      ['b', NAMES_TOGETHER],
      ['b/c', FILES - 1],
    ] as const)
      change(join(scanned.root, 'data', folder, nameOf(number)));
    const { id } = await scanned.scanAnew();
    expect(await scanned.scanLookedAt()).toBe(id);
  });
});
