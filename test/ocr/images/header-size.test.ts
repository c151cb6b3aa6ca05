import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { headerSize } from '../../../src/ocr/images/header-size.js';
import { sharp } from '../../../src/ocr/images/sharp.js';
import { NO_SHARED_DATA, sharedData } from '../../rig/shared-data.js';

/** What the library says of the same bytes. */
async function asked(bytes: Buffer): Promise<{ heightPx: number; widthPx: number }> {
  const { autoOrient } = await sharp(bytes).metadata();
  return { heightPx: autoOrient.height, widthPx: autoOrient.width };
}

const drawn = () =>
  sharp({ create: { width: 70, height: 20, channels: 4, background: { r: 9, g: 99, b: 199, alpha: 0.5 } } });
const KINDS = {
  png: drawn().png(),
  'png with a palette': drawn().png({ palette: true }),
  'png of 16 bits': drawn().toColourspace('rgb16').png(),
  'interlaced png with a profile': drawn().png({ progressive: true }).withIccProfile('p3'),
  jpeg: drawn().jpeg(),
  'progressive jpeg': drawn().jpeg({ progressive: true }),
  'grey jpeg': drawn().toColourspace('b-w').jpeg(),
  'jpeg of four colours with a profile': drawn().toColourspace('cmyk').withIccProfile('cmyk').jpeg(),
};

describe('the size in the header of an image', () => {
  it.each(Object.entries(KINDS))('is what the library says: %s', async (_, image) => {
    const bytes = await image.toBuffer();
    expect(headerSize(bytes)).toEqual(await asked(bytes));
  });

  it.each(['png', 'jpeg'] as const)('is left to the library where a %s may be turned', async (format) => {
    const bytes = await drawn().withMetadata({ orientation: 6 }).toFormat(format).toBuffer();
    expect(headerSize(bytes)).toBeUndefined();
    expect(await asked(bytes)).toEqual({ heightPx: 70, widthPx: 20 });
  });

  it.each(['webp', 'tiff', 'gif'] as const)('is left to the library for %s', async (format) => {
    expect(headerSize(await drawn().toFormat(format).toBuffer())).toBeUndefined();
  });

  it('is left to the library, or right, wherever a file was cut', async () => {
    for (const image of [KINDS.png, KINDS.jpeg]) {
      const bytes = await image.toBuffer();
      for (let length = 0; length < bytes.length; length += 1)
        expect([undefined, { heightPx: 20, widthPx: 70 }]).toContainEqual(
          headerSize(bytes.subarray(0, length)),
        );
    }
  });

  const plates = sharedData('plates');
  it.skipIf(plates === undefined)(
    `is what the library says of photos${plates === undefined ? ` (${NO_SHARED_DATA})` : ''}`,
    async () => {
      for (const name of readdirSync(plates!).slice(0, 50)) {
        const bytes = readFileSync(join(plates!, name));
        expect(headerSize(bytes)).toEqual(await asked(bytes));
      }
    },
  );
});
