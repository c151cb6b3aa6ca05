import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { imageSize, loadImage, padWhite, type Pixels } from '../../../src/ocr/images/load.js';
import { verifyImages } from '../../../src/ocr/images/verify.js';
import { NO_SHARED_DATA, sharedData } from '../../rig/shared-data.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

/** A wide image: left half red, right half blue. */
function redAndBlue(widthPx: number, heightPx: number): Sharp {
  const data = Buffer.alloc(widthPx * heightPx * 3);
  for (let index = 0; index < widthPx * heightPx; index += 1) {
    data[index * 3 + (index % widthPx < widthPx / 2 ? 0 : 2)] = 255;
  }
  return sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } });
}

async function written(image: Sharp, name = 'image.png'): Promise<string> {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, await image.toBuffer());
  return file;
}

function pixel(image: Pixels, x: number, y: number): number[] {
  const start = (y * image.widthPx + x) * image.channels;
  return [...image.data.subarray(start, start + image.channels)];
}

describe('an image', () => {
  it('keeps its own size and colours unless a model wants another', async () => {
    const image = await loadImage(await written(redAndBlue(40, 10).png()), { channels: 3 });
    expect([image.heightPx, image.widthPx, image.data.length]).toEqual([10, 40, 1200]);
    expect([pixel(image, 5, 5), pixel(image, 35, 5)]).toEqual([
      [255, 0, 0],
      [0, 0, 255],
    ]);
  });

  it('is grey where one channel is asked for, and grey images are RGB where three are', async () => {
    const grey = await loadImage(await written(redAndBlue(40, 10).png()), { channels: 1 });
    expect(grey.data).toHaveLength(400);
    expect(pixel(grey, 5, 5)[0]).toBeGreaterThan(pixel(grey, 35, 5)[0]!);
    const rgb = await loadImage(await written(redAndBlue(40, 10).greyscale().png()), { channels: 3 });
    expect(rgb.data).toHaveLength(1200);
    expect(new Set(pixel(rgb, 5, 5)).size).toBe(1);
  });

  it('is decoded by its content, whatever its name says', async () => {
    const file = await written(redAndBlue(40, 10).jpeg(), 'image.png');
    expect(await imageSize(file)).toEqual({ heightPx: 10, widthPx: 40 });
    expect((await loadImage(file, { channels: 1 })).widthPx).toBe(40);
  });

  it('is turned as its EXIF says', async () => {
    const file = await written(redAndBlue(40, 10).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }));
    expect(await imageSize(file)).toEqual({ heightPx: 40, widthPx: 10 });
    const image = await loadImage(file, { channels: 3, fit: { mode: 'pad', heightPx: 40 } });
    expect([image.heightPx, image.widthPx]).toEqual([40, 10]);
    expect(pixel(image, 5, 5)[0]).toBeGreaterThan(200);
    expect(pixel(image, 5, 35)[2]).toBeGreaterThan(200);
  });

  it('stands on white where it is transparent', async () => {
    const clear = sharp({
      create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    });
    const image = await loadImage(await written(clear.png()), { channels: 1 });
    expect(new Set(image.data)).toEqual(new Set([255]));
  });

  it('comes out in 8-bit sRGB from CMYK and from 16 bit', async () => {
    const cmyk = await loadImage(await written(redAndBlue(40, 10).toColourspace('cmyk').jpeg()), {
      channels: 3,
    });
    expect(cmyk.data).toHaveLength(1200);
    expect(pixel(cmyk, 5, 5)[0]).toBeGreaterThan(pixel(cmyk, 5, 5)[2]! + 80);
    const deep = await written(redAndBlue(40, 10).toColourspace('rgb16').png());
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expect(pixel(await loadImage(deep, { channels: 3 }), 5, 5)).toEqual([255, 0, 0]);
  });
});

describe('the size a model wants', () => {
  const load = async (
    size: [number, number],
    fit: { mode: 'pad' | 'stretch' | 'pad-then-squeeze'; heightPx: number; widthPx?: number },
  ) => loadImage(await written(redAndBlue(...size).png()), { channels: 3, fit });

  it('keeps proportions where only a height is given', async () => {
    const image = await load([40, 10], { mode: 'pad', heightPx: 32 });
    expect([image.heightPx, image.widthPx]).toEqual([32, 128]);
  });

  it('is padded white on the right', async () => {
    const image = await load([40, 10], { mode: 'pad', heightPx: 32, widthPx: 160 });
    expect([image.heightPx, image.widthPx]).toEqual([32, 160]);
    expect([pixel(image, 120, 16), pixel(image, 140, 16)]).toEqual([
      [0, 0, 255],
      [255, 255, 255],
    ]);
  });

  it('holds an image that is too wide, made smaller with white below', async () => {
    const image = await load([400, 10], { mode: 'pad', heightPx: 32, widthPx: 160 });
    expect([image.heightPx, image.widthPx]).toEqual([32, 160]);
    expect([pixel(image, 150, 1), pixel(image, 150, 20)]).toEqual([
      [0, 0, 255],
      [255, 255, 255],
    ]);
  });

  it('squeezes what is too wide, if it may', async () => {
    const image = await load([400, 10], { mode: 'pad-then-squeeze', heightPx: 32, widthPx: 160 });
    expect([pixel(image, 10, 30), pixel(image, 150, 30)]).toEqual([
      [255, 0, 0],
      [0, 0, 255],
    ]);
  });

  it('stretches what is too narrow, if it is to', async () => {
    const image = await load([20, 10], { mode: 'stretch', heightPx: 32, widthPx: 160 });
    expect(pixel(image, 155, 16)).toEqual([0, 0, 255]);
  });

  it('never loses a column altogether', async () => {
    const image = await load([1, 100], { mode: 'pad', heightPx: 8 });
    expect([image.heightPx, image.widthPx]).toEqual([8, 1]);
  });

  it('is reached by padding without touching the pixels', () => {
    const image: Pixels = { data: Uint8Array.of(1, 2, 3, 4), heightPx: 2, widthPx: 2, channels: 1 };
    expect([...padWhite(image, { heightPx: 2, widthPx: 3 }).data]).toEqual([1, 2, 255, 3, 4, 255]);
  });
});

describe('an unreadable image', () => {
  const bad: unknown = expect.objectContaining({ code: 'image-unreadable', exitCode: 2 });

  it.each([
    ['an empty file', Buffer.alloc(0)],
    ['text', Buffer.from('this is no image')],
    ['a PNG header and nothing else', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
  ])('is %s, named in the error', async (_, bytes) => {
    const file = join(temporaryFolder(), 'broken.png');
    writeFileSync(file, bytes);
    await expect(loadImage(file, { channels: 1 })).rejects.toThrow(bad);
    await expect(loadImage(file, { channels: 1 })).rejects.toThrow(/broken\.png/);
    await expect(imageSize(file)).rejects.toThrow(bad);
  });

  it.each(['jpeg', 'png'] as const)('is a %s that was cut short', async (format) => {
    const noisy = sharp({
      create: {
        width: 200,
        height: 100,
        channels: 3,
        noise: { type: 'gaussian', mean: 128, sigma: 30 },
        background: 'black',
      },
    });
    const file = await written(noisy.toFormat(format));
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, Math.floor(whole.length * 0.7)));
    await expect(loadImage(file, { channels: 1 })).rejects.toThrow(bad);
    await expect(verifyImages([file])).rejects.toThrow(bad);
  });

  it('is a pipe, which nobody would ever write to', async () => {
    const file = join(temporaryFolder(), 'pipe.png');
    execFileSync('mkfifo', [file]);
    await expect(loadImage(file, { channels: 1 })).rejects.toThrow(bad);
    await expect(loadImage(file, { channels: 1 })).rejects.toThrow(/pipe\.png.*no regular file/);
  });

  it('is one that is not there', async () => {
    await expect(loadImage(join(temporaryFolder(), 'none.png'), { channels: 1 })).rejects.toThrow(
      /no such file/,
    );
  });
});

const fraktur = sharedData('fraktur');

it.skipIf(fraktur === undefined)(
  fraktur === undefined
    ? NO_SHARED_DATA
    : 'real lines load at one height, JPEG data under PNG names among them',
  async () => {
    const folder = join(fraktur ?? '', '1836');
    const image = await loadImage(join(folder, 'diereligionderr09hartgoog_23973075.png'), {
      channels: 1,
      fit: { mode: 'pad', heightPx: 46 },
    });
    expect([image.heightPx, image.widthPx, image.channels]).toEqual([46, 1002, 1]);
  },
);

describe('an image that is wider than memory holds', () => {
  it('is refused by its size after fitting, one pixel less is not', async () => {
    const create = { width: 20, height: 2, channels: 3, background: 'black' } as const;
    const file = await written(sharp({ create }).png());
    const load = (widestPx: number): Promise<Pixels> =>
      loadImage(file, { channels: 1, fit: { mode: 'pad', heightPx: 16 }, widestPx });
    expect((await load(160)).widthPx).toBe(160);
    await expect(load(159)).rejects.toMatchObject({
      code: 'image-too-wide',
      exitCode: 2,
      location: { file },
    });
  });
});
