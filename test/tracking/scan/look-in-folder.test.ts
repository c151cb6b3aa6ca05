import { mkdirSync, rmSync, symlinkSync, writeFileSync, type Stats } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytePath, fsPath, joinBytes, type BytePath } from '../../../src/tracking/byte-path.js';
import { lookAtNames, lookInFolder, type Seen } from '../../../src/tracking/scan/look-in-folder.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const MANY = 20;
/** Latin-1 text of bytes that are no UTF-8, and of some that are. */
const NOT_UTF8 = 'caf\xe9' as BytePath;
const UTF8 = bytePath('Straße');

function folderOfFiles(name: BytePath): BytePath {
  const folder = joinBytes(bytePath(temporaryFolder()), name);
  mkdirSync(fsPath(folder));
  for (let number = 0; number < MANY; number += 1)
    writeFileSync(fsPath(joinBytes(folder, `${number}`)), 'x'.repeat(number));
  writeFileSync(fsPath(joinBytes(folder, NOT_UTF8)), 'twenty of them, and 1');
  return folder;
}

function sizeOf(seen: Seen): number | undefined {
  return seen === 'file' ? undefined : seen?.size;
}

describe('a look at the names of a folder', () => {
  test.each([bytePath('plain'), UTF8, NOT_UTF8])('finds the same under any name of it: %j', (name) => {
    const folder = folderOfFiles(name);
    const sizes = [...lookAtNames(folder, () => false)].map(([each, stat]) => [each, sizeOf(stat)]);
    expect(sizes).toEqual([
      ...Array.from({ length: MANY }, (_each, number) => [`${number}`, number]).sort(),
      [NOT_UTF8, 21],
    ]);
  });

  test('takes no stat of a regular file of which that is enough to know, but of all else', () => {
    const folder = folderOfFiles(bytePath('plain'));
    mkdirSync(fsPath(joinBytes(folder, 'folder')));
    symlinkSync('1', fsPath(joinBytes(folder, 'link')));
    const seen = new Map(lookAtNames(folder, (name) => name !== '7'));
    expect([...seen].filter(([, each]) => each === 'file')).toHaveLength(MANY);
    expect(sizeOf(seen.get('7'))).toBe(7);
    expect((seen.get('folder') as Stats).isDirectory()).toBe(true);
    expect((seen.get('link') as Stats).isSymbolicLink()).toBe(true);
  });

  test('leaves the working folder as it was, whatever happens', () => {
    const folder = folderOfFiles(UTF8);
    const home = process.cwd();
    const within = lookInFolder(folder, MANY, () => process.cwd());
    expect(bytePath(within)).toBe(folder);
    expect(process.cwd()).toBe(home);
    const failing = () =>
      lookInFolder(folder, MANY, () => {
        throw new Error('in between');
      });
    expect(failing).toThrow('in between');
    expect(process.cwd()).toBe(home);
  });

  test('finds nothing under a name that is gone, and in a folder that is', () => {
    const folder = folderOfFiles(bytePath('plain'));
    const look = () => lookInFolder(folder, MANY, (statOf) => [statOf('3')?.size, statOf('none')?.size]);
    expect(look()).toEqual([3, undefined]);
    rmSync(fsPath(folder), { recursive: true });
    expect(look()).toEqual([undefined, undefined]);
  });

  test('names the whole path of what it cannot look at', () => {
    const folder = folderOfFiles(bytePath('plain'));
    const tooLong = 'x'.repeat(300);
    const look = () => lookInFolder(folder, MANY, (statOf) => statOf(tooLong));
    expect(look).toThrow(expect.objectContaining({ code: 'path-too-long' }));
    expect(look).toThrow(folder.slice(0, 40));
  });
});
