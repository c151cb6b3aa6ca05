import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { absPath } from '../../../src/base/paths.js';
import { placeAtOnce, putBack } from '../../../src/project/source/place-at-once.js';
import { crashesOf } from '../../rig/crashes.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { systemError, watchChanges } from '../../rig/watched-files.js';

const FORCE = { force: true };

function writeFolder(path: string, text: string): Promise<void> {
  mkdirSync(path);
  for (const name of ['a', 'b']) writeFileSync(join(path, name), text);
  return Promise.resolve();
}

function writeFile(path: string, text: string): Promise<void> {
  writeFileSync(path, text);
  return Promise.resolve();
}

/** What is at a path, whole: the text that every file of it has. */
function textAt(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    const texts = new Set(['a', 'b'].map((name) => readFileSync(join(path, name), 'utf8')));
    expect(texts.size).toBe(1);
    return [...texts][0]!;
  }
}

describe('what is put in the place of something else', () => {
  test.each([
    ['a folder', writeFolder, 'a folder', writeFolder],
    ['a folder', writeFolder, 'a file', writeFile],
    ['a file', writeFile, 'a folder', writeFolder],
    ['a file', writeFile, 'a file', writeFile],
  ])(
    'is there or %s is that stood there, wherever a call that puts %3$s there is killed',
    async (_old, writeOld, _new, writeNew) => {
      const root = temporaryFolder();
      await writeOld(join(root, 'model'), 'old');
      const crashes = await crashesOf(root, () =>
        placeAtOnce(absPath(join(root, 'model')), FORCE, (aside) => writeNew(aside, 'new')),
      );
      expect(textAt(join(root, 'model'))).toBe('new');
      expect(readdirSync(root)).toEqual(['model']);
      expect(crashes.length).toBeGreaterThan(0);
      for (const { root: left } of crashes) {
        const target = absPath(join(left, 'model'));
        const away = readdirSync(left).find((name) => name.startsWith('.ocrpipe-old-'));
        const found = existsSync(target) ? target : join(left, away!, 'model');
        expect(['old', 'new']).toContain(textAt(found));
        // The next call fails, after it has finished this one.
        const failing = placeAtOnce(target, FORCE, () => Promise.reject(new Error('no network')));
        await expect(failing).rejects.toThrow('no network');
        expect(['old', 'new']).toContain(textAt(target));
        expect(readdirSync(left)).toEqual(['model']);
        rmSync(left, { recursive: true });
      }
    },
  );

  test('leaves the old folder where the new one cannot get its name', async () => {
    const root = temporaryFolder();
    const target = absPath(join(root, 'model'));
    await writeFolder(target, 'old');
    const stop = watchChanges((change) => {
      if (change.call === 'renameSync' && change.paths[0]!.includes('.ocrpipe-tmp-'))
        throw systemError('EIO', change);
    });
    const placing = placeAtOnce(target, FORCE, (aside) => writeFolder(aside, 'new'));
    await expect(placing.finally(stop)).rejects.toMatchObject({ code: 'EIO' });
    expect(textAt(target)).toBe('old');
    expect(readdirSync(root)).toEqual(['model']);
  });

  test('is left alone by a call for another target', async () => {
    const root = temporaryFolder();
    await writeFolder(join(root, 'model'), 'old');
    putBack(absPath(join(root, 'other')));
    expect(textAt(join(root, 'model'))).toBe('old');
  });
});
