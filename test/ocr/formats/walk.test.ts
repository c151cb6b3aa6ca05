import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSamples } from '../../../src/ocr/formats/read-samples.js';
import { looksLikeImage, walkFiles } from '../../../src/ocr/formats/walk.js';
import { verifyImages } from '../../../src/ocr/images/verify.js';
import { folderWith, rows } from '../../rig/label-folder.js';

/** A name of bytes that are not UTF-8, as a path. */
function notUtf8(folder: string, end: string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xe9]), Buffer.from(end)]);
}

describe('a link', () => {
  it('to itself is passed over where it is no image', async () => {
    const folder = folderWith({ 'AB123CD.jpg': undefined });
    symlinkSync('loop', join(folder, 'loop'));
    symlinkSync('nothing', join(folder, 'latest'));
    expect(await rows(folder)).toEqual([['AB123CD.jpg', 'AB123CD']]);
  });

  it.each([
    ['nothing', /EF456GH\.jpg cannot be read as an image: it is a link to a file that is not there/],
    ['EF456GH.jpg', /EF456GH\.jpg cannot be read as an image: its links lead in a circle/],
  ])('named like an image that leads to %s is an image that cannot be read', async (target, message) => {
    const folder = folderWith({ 'AB123CD.jpg': undefined });
    symlinkSync(target, join(folder, 'EF456GH.jpg'));
    expect(walkFiles(folder).filter(looksLikeImage)).toHaveLength(2);
    await expect(verifyImages([join(folder, 'EF456GH.jpg')])).rejects.toThrow(message);
    const byFormat = await readSamples(folder);
    expect(byFormat.samples.map(({ name }) => name)).toEqual(['AB123CD.jpg', 'EF456GH.jpg']);
  });

  it('to nothing is the image that a label names, not another of its name', async () => {
    const folder = folderWith({ 'other/a.png': undefined, 'labels.json': '{"a.png":"x"}' });
    symlinkSync('nothing', join(folder, 'a.png'));
    expect(await rows(folder)).toEqual([['a.png', 'x']]);
  });
});

describe('a name that is not UTF-8', () => {
  it('does no harm where it is neither image nor label', async () => {
    const folder = folderWith({ 'AB123CD.jpg': undefined });
    writeFileSync(notUtf8(folder, '.txt'), 'notes');
    expect(await rows(folder)).toEqual([['AB123CD.jpg', 'AB123CD']]);
  });

  it.each([
    ['an image', '.jpg', 'anything'],
    ['an image by its content', '', Buffer.from('ffd8ffe000104a464946', 'hex')],
    ['a label', '.gt.txt', 'x'],
  ])('is refused for %s', async (_, end, content) => {
    const folder = folderWith({ 'AB123CD.jpg': undefined });
    writeFileSync(notUtf8(folder, end), content);
    await expect(readSamples(folder)).rejects.toMatchObject({ code: 'path-not-utf8', exitCode: 2 });
  });

  it('is refused for a folder', async () => {
    const folder = folderWith({ 'AB123CD.jpg': undefined });
    mkdirSync(notUtf8(folder, ''));
    await expect(readSamples(folder)).rejects.toMatchObject({ code: 'path-not-utf8' });
  });
});
