import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OcrpipeError } from '../../../src/base/errors.js';
import { noEvents } from '../../../src/base/events.js';
import { augmentConfigSchema } from '../../../src/ocr/images/augment-config.js';
import { sharp } from '../../../src/ocr/images/sharp.js';
import { ImageLoader, type Found } from '../../../src/ocr/loading/image-loader.js';
import { KnownImages, stampOf } from '../../../src/ocr/loading/known-images.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const OPTIONS = { channels: 1, fit: { mode: 'pad', heightPx: 10 } } as const;
/** Files of the test are as young as can be. */
const AT_ONCE = { settledMs: -60_000, least: 1 };

let folder: string;
let loader: ImageLoader;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  await loader.close();
});

const memory = (): string => join(folder, 'memory', 'known');

async function drawn(name: string, width: number): Promise<string> {
  const file = join(folder, name);
  await sharp({ create: { width, height: 20, channels: 3, background: { r: width, g: 0, b: 0 } } }).toFile(
    file,
  );
  return file;
}

/** What a new run finds, and remembers. */
async function found(files: readonly string[], heightPx = 10): Promise<(number | string)[]> {
  const known = new KnownImages(memory(), AT_ONCE);
  const results = await newLoader(heightPx).check(files, {
    onDone: () => undefined,
    signal: undefined,
    known,
  });
  known.save();
  await loader.close();
  return results.map(shown);
}

function newLoader(heightPx = 10): ImageLoader {
  const options = { ...OPTIONS, fit: { ...OPTIONS.fit, heightPx }, widestPx: 200 };
  const augment = augmentConfigSchema.parse({});
  loader = new ImageLoader({ options, augment, seed: 1, limitBytes: 2 ** 20, threads: 1, events: noEvents });
  return loader;
}

const shown = (each: Found): number | string => (each instanceof OcrpipeError ? each.code : each.widthPx);

/** What is remembered, changed: to see whether it is what a run goes by. */
function lie(change: (line: string) => string): void {
  writeFileSync(memory(), readFileSync(memory(), 'utf8').split('\n').map(change).join('\n'));
}

const widerThanItIs = (line: string): string => line.replace(',20,80,', ',20,100,');

describe('images that an earlier run decoded', () => {
  it('are not decoded again while their files are the same, at whatever height', async () => {
    const files = [await drawn('a.png', 60), await drawn('b.jpg', 80)];
    expect(await found(files)).toEqual([30, 40]);
    lie(widerThanItIs);
    expect(await found(files)).toEqual([30, 50]);
    expect(await found(files, 20)).toEqual([60, 100]);
    expect(await found(files, 48)).toEqual([144, 'image-too-wide']);
  });

  it('are decoded again when they change, and refused when they broke', async () => {
    const files = [await drawn('a.png', 60), await drawn('b.png', 80)];
    await found(files);
    lie(widerThanItIs);
    await drawn('a.png', 64);
    await drawn('b.png', 80);
    expect(await found(files)).toEqual([32, 40]);
    writeFileSync(files[0]!, readFileSync(files[0]!).subarray(0, 60));
    rmSync(files[1]!);
    expect(await found(files)).toEqual(['image-unreadable', 'image-unreadable']);
  });

  it('are not known from a memory that is damaged, or of another version', async () => {
    const files = [await drawn('a.png', 60), await drawn('b.png', 80)];
    for (const damage of [
      (line: string) => widerThanItIs(line).replace('-images":1', '-images":2'),
      (line: string) => widerThanItIs(line).slice(0, -3),
      () => '',
    ]) {
      await found(files);
      lie(damage);
      expect(await found(files)).toEqual([30, 40]);
    }
  });

  it('are not remembered while their files are so young that a later write may not show', async () => {
    const file = await drawn('a.png', 60);
    expect(stampOf(file, 60_000)).toBeUndefined();
    expect(stampOf(file, -60_000)).toBeDefined();
    expect(stampOf(folder, -60_000)).toBeUndefined();
    expect(stampOf(join(folder, 'none.png'), -60_000)).toBeUndefined();
  });

  it('are decoded when they are first used, and kept in memory from then on', async () => {
    const files = [await drawn('a.png', 60), await drawn('b.png', 60), await drawn('c.png', 60)];
    const unknown = newLoader();
    const batchOf = async (of: ImageLoader): Promise<Float32Array[]> => {
      const images = [0, 1].map((image) => ({ image, streams: [image] }));
      const frame = { heightPx: 10, widthPx: 30, channels: 1, filledPx: [30, 30] } as const;
      return of.batch([{ images, frame }]);
    };
    await unknown.check(files, { onDone: () => undefined, signal: undefined });
    const expected = await batchOf(unknown);
    const lastExpected = await unknown.load(2);
    await unknown.close();
    await found(files);
    const known = new KnownImages(memory(), AT_ONCE);
    await newLoader().check(files, { onDone: () => undefined, signal: undefined, known });
    expect(await batchOf(loader)).toEqual(expected);
    expect([...(await loader.load(2)).data]).toEqual([...lastExpected.data]);
    for (const file of files) rmSync(file);
    expect(await batchOf(loader)).toEqual(expected);
    expect([...(await loader.load(2)).data]).toEqual([...lastExpected.data]);
  });
});
