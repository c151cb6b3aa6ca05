import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { savedModels } from '../../src/actions/saved-model.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** A folder that holds models at these places; '' is the folder itself. */
function folderWith(...places: string[]): string {
  const folder = temporaryFolder();
  for (const place of places) {
    mkdirSync(join(folder, place), { recursive: true });
    writeFileSync(join(folder, place, 'ocrpipe.json'), '{}');
  }
  return folder;
}

describe('the models of a folder', () => {
  it('are all that stand in it, in the order of their names', () => {
    const folder = folderWith('two', 'one');
    mkdirSync(join(folder, 'other'));
    expect(savedModels(folder, ['.'])).toEqual([join(folder, 'one'), join(folder, 'two')]);
  });

  it('are itself, where it is one', () => {
    const folder = folderWith('');
    expect(savedModels(folder, ['.'])).toEqual([folder]);
  });

  it('are not guessed where it is one and holds others', () => {
    const folder = folderWith('', 'one');
    expect(() => savedModels(folder, ['.'])).toThrow(
      expect.objectContaining({ code: 'committee-conflict', location: { file: folder } }) as Error,
    );
    expect(savedModels(folder, ['one'])).toEqual([join(folder, 'one')]);
  });

  it('are missing below a file, and in a folder without any', () => {
    const folder = folderWith('one');
    for (const name of ['one/ocrpipe.json/two', 'nothing'])
      expect(() => savedModels(folder, [name])).toThrow(
        expect.objectContaining({ code: 'model-missing' }) as Error,
      );
  });
});
