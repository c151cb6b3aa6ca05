import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { savedModels } from '../../src/actions/saved-model.js';
import type { OcrpipeEvent } from '../../src/base/events.js';
import { absPath } from '../../src/base/paths.js';
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

const named = (cwd: string, shown: string[], events: (event: OcrpipeEvent) => void = () => {}) =>
  savedModels({ cwd: absPath(cwd), events }, shown);

describe('the models of a folder', () => {
  it('are all that stand in it, in the order of their names', () => {
    const folder = folderWith('two', 'one');
    mkdirSync(join(folder, 'other'));
    const told: OcrpipeEvent[] = [];
    const models = named(folder, ['.'], (event) => told.push(event));
    expect(models).toEqual([join(folder, 'one'), join(folder, 'two')]);
    expect(told).toEqual([
      expect.objectContaining({ code: 'models-together', message: '2 models read together: one, two' }),
    ]);
  });

  it('are itself, where it is one', () => {
    const folder = folderWith('');
    expect(named(folder, ['.'])).toEqual([folder]);
  });

  it('are not guessed where it is one and holds others', () => {
    const folder = folderWith('', 'one');
    expect(() => named(folder, ['.'])).toThrow(
      expect.objectContaining({ code: 'committee-conflict', location: { file: folder } }) as Error,
    );
    expect(named(folder, ['one'])).toEqual([join(folder, 'one')]);
  });

  it('are not one model twice, by whatever name', () => {
    const folder = folderWith('one');
    symlinkSync(join(folder, 'one'), join(folder, 'again'));
    for (const names of [['one', 'one'], ['one', 'again'], ['.']])
      expect(() => named(folder, names)).toThrow(
        expect.objectContaining({ code: 'committee-conflict' }) as Error,
      );
  });

  it('are missing below a file, and in a folder without any', () => {
    const folder = folderWith('one');
    for (const name of ['one/ocrpipe.json/two', 'nothing'])
      expect(() => named(folder, [name])).toThrow(
        expect.objectContaining({ code: 'model-missing' }) as Error,
      );
  });
});
