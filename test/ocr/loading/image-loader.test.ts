import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OcrpipeError } from '../../../src/base/errors.js';
import { noEvents } from '../../../src/base/events.js';
import { randomFrom } from '../../../src/base/random.js';
import { augmentConfigSchema } from '../../../src/ocr/images/augment-config.js';
import { augment } from '../../../src/ocr/images/augment.js';
import { loadImage } from '../../../src/ocr/images/load.js';
import { packImages } from '../../../src/ocr/images/pack-images.js';
import {
  ImageLoader,
  type Found,
  type ImageLoaderOptions,
  type ImageNumber,
} from '../../../src/ocr/loading/image-loader.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const OPTIONS = { channels: 1, fit: { mode: 'pad', heightPx: 16 } } as const;
const AUGMENT = augmentConfigSchema.parse({ rotate: 5, noise: 20, blur: 1 });
let folder: string;
let open: ImageLoader | undefined;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  await open?.close();
});

function loader(changes: Partial<ImageLoaderOptions> = {}): ImageLoader {
  const given = { options: OPTIONS, augment: AUGMENT, seed: 3, limitBytes: 2 ** 20, threads: 2 };
  open = new ImageLoader({ ...given, events: noEvents, ...changes });
  return open;
}

async function noise(name: string, width: number): Promise<string> {
  const random = randomFrom('noise', name);
  const data = Buffer.from(Array.from({ length: width * 20 }, () => random.below(256)));
  const file = join(folder, name);
  await sharp(data, { raw: { width, height: 20, channels: 1 } })
    .png()
    .toFile(file);
  return file;
}

const check = (of: ImageLoader, files: readonly string[]): Promise<Found[]> =>
  of.check(files, { onDone: () => undefined, signal: undefined });

const numbers = (found: readonly Found[]): ImageNumber[] =>
  found.map((each) => (each instanceof OcrpipeError ? -1 : each.image));

const codes = (found: readonly Found[]): string[] =>
  found.map((each) => (each instanceof OcrpipeError ? each.code : 'readable'));

describe('the loader', () => {
  it('gives the pixels that reading, varying and packing here give, from memory and from the files alike', async () => {
    const widths = [40, 70, 33, 90, 51];
    const files = await Promise.all(widths.map((width, index) => noise(`${index}.png`, width)));
    const here = await Promise.all(files.map((file) => loadImage(file, OPTIONS)));
    const places = [2, 0, 4].map((sample) => ({ sample, epoch: 7 }));
    const filledPx = places.map(({ sample }) => here[sample]!.widthPx + 3);
    const frame = { heightPx: 16, widthPx: Math.max(...filledPx), channels: 1, filledPx } as const;
    const varied = places.map(({ sample, epoch }) =>
      augment(here[sample]!, AUGMENT, randomFrom(3, 'augment', epoch, sample)),
    );
    for (const limitBytes of [0, 2 ** 20]) {
      const there = loader({ limitBytes });
      const image = numbers(await check(there, files));
      const wanted = places.map((place) => ({
        image: image[place.sample]!,
        streams: [place.epoch, place.sample],
      }));
      expect(await there.batch([{ images: wanted, frame }])).toEqual([packImages(varied, frame)]);
      const loaded = await there.load(image[3]!);
      expect({ ...loaded, data: [...loaded.data] }).toEqual({ ...here[3], data: [...here[3]!.data] });
      await there.close();
    }
  });

  it('finds every image that cannot be read, says why, and leaves the others their places', async () => {
    const good = [await noise('a.png', 40), await noise('b.png', 40)];
    const file = (name: string): string => join(folder, name);
    writeFileSync(file('empty.png'), '');
    writeFileSync(file('text.png'), 'no image');
    mkdirSync(file('folder.png'));
    execFileSync('mkfifo', [file('pipe.png')]);
    symlinkSync('circle.png', file('circle.png'));
    symlinkSync('nowhere', file('dangling.png'));
    const bad: [string, RegExp][] = [
      ['empty.png', /the file is empty/],
      ['text.png', /unsupported image format/],
      ['folder.png', /it is a folder/],
      ['pipe.png', /it is no regular file/],
      ['circle.png', /its links lead in a circle/],
      ['dangling.png', /a link to a file that is not there/],
      ['none.png', /there is no such file/],
    ];
    const names = bad.map(([name]) => file(name));
    const found = await check(loader(), [good[0]!, ...names, good[1]!]);
    expect(codes(found)).toEqual(['readable', ...bad.map(() => 'image-unreadable'), 'readable']);
    bad.forEach(([name, reason], index) => {
      const error = found[index + 1] as OcrpipeError;
      expect(error.message).toMatch(reason);
      expect(error.location).toEqual({ file: file(name) });
    });
  });

  it('refuses an image that has another size than when it was checked', async () => {
    const file = await noise('a.png', 40);
    const there = loader({ limitBytes: 0 });
    const [image] = numbers(await check(there, [file]));
    await noise('a.png', 60);
    await expect(there.load(image!)).rejects.toMatchObject({
      code: 'image-changed',
      location: { file },
      message: expect.stringMatching(/it was 32 pixels wide .* and is 48/) as string,
    });
  });

  it('keeps no more pixels than it may', async () => {
    const files = await Promise.all(Array.from({ length: 200 }, (_, index) => noise(`${index}.png`, 40)));
    const there = loader({ limitBytes: 100 * 16 * 32 });
    const image = numbers(await check(there, files));
    const shared = await Promise.all(image.map(async (each) => (await there.load(each)).data.buffer));
    const kept = new Set(shared.filter((buffer) => buffer instanceof SharedArrayBuffer));
    const bytes = [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(100 * 16 * 32);
  });
});
