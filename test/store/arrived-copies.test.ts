import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import { ArrivedCopies } from '../../src/store/arrived-copies.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const id = contentIdOf('bytes');
const how = { second: 1_000_000_000, executable: false };

describe('a second file of what arrived', () => {
  let folder: string;
  let copies: ArrivedCopies;
  let [file, path] = ['', ''];

  beforeEach(() => {
    folder = temporaryFolder();
    [file, path] = [join(folder, 'copy'), join(folder, 'place')];
    copies = new ArrivedCopies();
    writeFileSync(file, 'bytes', { mode: 0o640 });
    copies.offer(id, file);
  });

  it('becomes the file in place, once, with its time and without its own name', () => {
    expect(copies.place(id, path, how)).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('bytes');
    expect(statSync(path)).toMatchObject({ mode: 0o100640, mtimeMs: 1_000_000_000_000, nlink: 1 });
    expect(existsSync(file)).toBe(false);
    expect(copies.place(id, join(folder, 'second'), how)).toBe(false);
  });

  it('can be run by whoever can read it, where the file is executable', () => {
    copies.place(id, path, { ...how, executable: true });
    expect(statSync(path).mode).toBe(0o100750);
  });

  it('is dropped where somebody wrote to it', () => {
    appendFileSync(file, 'more');
    expect(copies.place(id, path, how)).toBe(false);
    expect([file, path].map((each) => existsSync(each))).toEqual([false, false]);
  });

  it('replaces nothing', () => {
    writeFileSync(path, 'other');
    expect(copies.place(id, path, how)).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('other');
    expect(existsSync(file)).toBe(false);
  });

  it('goes when nobody took it', () => {
    copies.close();
    expect(existsSync(file)).toBe(false);
    expect(copies.has(id)).toBe(false);
  });
});
