import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { OcrpipeEvent } from '../../../src/base/events.js';
import { readModelFolder } from '../../../src/ocr/models/model-folder.js';
import { paramsSchema } from '../../../src/ocr/train/train-config.js';
import { train, type TrainingResult } from '../../../src/ocr/train/train.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines } from './drawn-lines.js';

let folder: string;
let notes: string[];

beforeEach(async () => {
  folder = temporaryFolder();
  await drawnLines(folder, 'lines', ['abc', 'cab', 'bca', 'aab', 'bba']);
  writeFileSync(join(folder, 'images', 'lines-1.png'), 'no image');
  rmSync(join(folder, 'images', 'lines-3.png'));
});

/** Trains with these lines in the list of bad images, or with no list. */
function run(lines?: readonly string[]): Promise<TrainingResult> {
  notes = [];
  if (lines) writeFileSync(join(folder, 'bad.txt'), lines.join('\n'));
  return train({
    cwd: folder,
    train: 'lines.jsonl',
    val: 'lines.jsonl',
    out: join(folder, 'model'),
    settings: paramsSchema.parse({
      model: { height: 16, filters: [2, 2], innerDim: 8, units: 8 },
      train: { maxSteps: 1 },
    }),
    backend: 'cpu',
    skipBad: lines && 'bad.txt',
    events: (event: OcrpipeEvent) => {
      if (event.type === 'note') notes.push(`${event.level} ${event.code}: ${event.message}`);
    },
  });
}

describe('broken images', () => {
  it('are all named and counted, and nothing is trained', async () => {
    await expect(run()).rejects.toMatchObject({
      code: 'images-unreadable',
      exitCode: 2,
      message: expect.stringMatching(/^2 of 5 images.*:2: .*lines-1\.png.*:4: .*lines-3\.png/s) as string,
      hint: expect.stringContaining('--skip-bad') as string,
    });
    await expect(run(['images/lines-1.png'])).rejects.toMatchObject({
      code: 'image-unreadable',
      location: { file: 'lines.jsonl', line: 4 },
    });
    expect(existsSync(join(folder, 'model'))).toBe(false);
  });

  it('are left out, and named, if the list has them: as the manifest names them or as paths, in any form of a text file', async () => {
    const { metrics } = await run([
      '\uFEFF# broken by the scanner',
      '',
      'images/lines-1.png\r',
      JSON.stringify(join(folder, 'images', 'lines-3.png')),
    ]);
    expect(metrics.count).toBe(3);
    const validation = expect.stringMatching(/^warning validation-in-training: 3 of 3/) as string;
    expect(notes).toContainEqual(validation);
    expect(notes.filter((note) => !note.includes('validation-'))).toEqual([
      expect.stringMatching(
        /^warning images-left-out: 2 images that cannot be read are left out, as bad\.txt allows: images\/lines-1\.png, .*lines-3\.png$/,
      ),
    ]);
  });

  it('make the same model as a manifest without them', async () => {
    const dataId = (): unknown => {
      const { recogniser, description } = readModelFolder(join(folder, 'model'));
      recogniser.network.dispose();
      return description.training.dataId;
    };
    await run(['images/lines-1.png', 'images/lines-3.png']);
    const leftOut = dataId();
    const manifest = join(folder, 'lines.jsonl');
    const lines = readFileSync(manifest, 'utf8').split('\n');
    writeFileSync(manifest, lines.filter((line) => !/lines-[13]\.png/.test(line)).join('\n'));
    await run();
    expect(dataId()).toBe(leftOut);
  });

  it('are what the list is for: a sound image on it is used, an unknown name is told', async () => {
    const { metrics } = await run([
      'images/lines-0.png',
      'images/lines-1.png',
      'images/lines-3.png',
      'images/none.png',
    ]);
    expect(metrics.count).toBe(3);
    expect(notes).toEqual(
      expect.arrayContaining([
        'warning skip-not-needed: 1 image of bad.txt can be read and is used: images/lines-0.png',
        'info skip-unknown: 1 entry of bad.txt names no image of the data: images/none.png',
      ]),
    );
  });

  it('may not be all there is', async () => {
    const names = [0, 1, 2, 3, 4].map((index) => `images/lines-${index}.png`);
    for (const name of names) writeFileSync(join(folder, name), 'no image');
    await expect(run(names)).rejects.toMatchObject({ code: 'no-usable-samples', exitCode: 2 });
  });
});

describe('a list of images to skip', () => {
  it('is refused if it cannot be read', async () => {
    await expect(run(['"half a string'])).rejects.toMatchObject({
      code: 'skip-list-unreadable',
      exitCode: 2,
      message: expect.stringContaining('bad.txt:1') as string,
    });
    const promise = train({
      ...{ cwd: folder, train: 'lines.jsonl', val: 'lines.jsonl', out: join(folder, 'model') },
      settings: paramsSchema.parse({}),
      backend: 'cpu',
      skipBad: 'absent.txt',
      events: () => undefined,
    });
    await expect(promise).rejects.toMatchObject({
      code: 'skip-list-unreadable',
      message: expect.stringContaining('absent.txt') as string,
    });
  });
});
