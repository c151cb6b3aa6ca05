import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import { loadImage } from '../../../src/ocr/images/load.js';
import { ImageReader } from '../../../src/ocr/predict/image-reader.js';
import { listImages } from '../../../src/ocr/predict/list-images.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines } from '../train/drawn-lines.js';

it('reads images on threads as it does without, and says of each that is broken how it was named', async () => {
  const folder = temporaryFolder();
  await drawnLines(
    folder,
    'line',
    Array.from({ length: 30 }, (_, index) => 'ab'.repeat(1 + (index % 5))),
  );
  writeFileSync(join(folder, 'images', 'line-12.png'), 'no image');
  const images = [...listImages(['images'], folder), { file: join(folder, 'none.png'), name: './none.png' }];
  const options = { channels: 1, fit: { mode: 'pad', heightPx: 16 } } as const;
  const reader = new ImageReader(options, { events: noEvents, readHere: 0 });
  const read = await reader.read(images);
  await reader.close();
  expect(read).toHaveLength(31);
  for (const [index, image] of images.entries()) {
    const there = read[index];
    const here = await loadImage(image.file, options, image.name).catch((error: unknown) => error as Error);
    if (here instanceof Error)
      expect(there).toMatchObject({ code: 'image-unreadable', message: here.message });
    else expect(there).toEqual(expect.objectContaining({ ...here, data: Uint8Array.from(here.data) }));
  }
  const broken = read.filter((image) => image instanceof Error);
  expect(broken.map(({ location }) => location?.file)).toEqual(['images/line-12.png', './none.png']);
});
