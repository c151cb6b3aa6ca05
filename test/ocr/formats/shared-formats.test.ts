import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSamples } from '../../../src/ocr/formats/read-samples.js';
import { labelOf, type Sample } from '../../../src/ocr/formats/sample.js';
import { NO_SHARED_DATA, sharedData as dataSet } from '../../rig/shared-data.js';

interface ExpectedTask {
  task: number;
  file: string;
  kind: string;
  usable_texts_in_order: (string | string[])[];
}

const sharedData = join(dataSet('formats') ?? '', '..');
const hasSharedData = dataSet('formats') !== undefined;

function sharedJson(path: string): unknown {
  return JSON.parse(readFileSync(join(sharedData, path), 'utf8'));
}

const images = join(sharedData, 'fraktur');

function expectedRows(tasks: readonly ExpectedTask[]): [string, string][] {
  const rows: [string, string][] = [];
  for (const { file, usable_texts_in_order: texts } of tasks) {
    const text = texts.map((one) => labelOf([one].flat().map(labelOf).join(' '))).find((one) => one !== '');
    if (text !== undefined) rows.push([file, text]);
  }
  return rows.sort(([a], [b]) => (a < b ? -1 : 1));
}

function rowsOf(samples: readonly Sample[]): [string, string][] {
  return samples
    .map(({ image, text }): [string, string] => [relative(sharedData, image).replaceAll('\\', '/'), text])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

describe.skipIf(!hasSharedData)(hasSharedData ? 'files that other tools wrote' : NO_SHARED_DATA, () => {
  const expected = hasSharedData
    ? (sharedJson('formats/label_studio_export.expected.json') as ExpectedTask[])
    : [];

  it('reads the first usable annotation of each task of a Label Studio export and lists the rest', async () => {
    const read = await readSamples(join(sharedData, 'formats/label_studio_export.json'), { images });
    expect(read.format).toBe('labelstudio');
    expect(rowsOf(read.samples)).toEqual(expectedRows(expected));
    const usable = new Set(read.samples.map((sample) => sample.more['task']));
    expect(read.skipped.map(({ name }) => name)).toEqual(
      expected.filter(({ task }) => !usable.has(task)).map(({ task }) => `task ${task}`),
    );
    expect(new Set(read.skipped.map(({ reason }) => reason))).toEqual(new Set(['cancelled', 'no text']));
  });

  it('reads the export of 2021 the same way', async () => {
    const read = await readSamples(join(sharedData, 'formats/label_studio_export_2021shape.json'), {
      images,
    });
    expect(read.format).toBe('labelstudio');
    expect(rowsOf(read.samples)).toEqual(expectedRows(expected.slice(0, 20)));
  });

  it.each(['label_studio_export_min.json', 'label_studio_export.csv'])('reads %s', async (name) => {
    const read = await readSamples(join(sharedData, 'formats', name), { images });
    expect(read.format).toBe(name.endsWith('.csv') ? 'csv' : 'labelstudio-min');
    const want = new Map(expectedRows(expected));
    for (const [file, text] of rowsOf(read.samples)) expect(text).toBe(want.get(file));
    expect(read.samples).toHaveLength(want.size);
  });

  it('reads the OCR template: uploads found without their prefix, the regions of a line joined', async () => {
    const want = sharedJson('formats/label_studio_ocr_template.expected.json') as {
      file: string;
      truth: string;
    }[];
    const read = await readSamples(join(sharedData, 'formats/label_studio_ocr_template.json'), { images });
    expect(rowsOf(read.samples)).toEqual(
      want
        .map(({ file, truth }): [string, string] => [file, labelOf(truth)])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  });

  it.each([
    ['plates_labels.json', 'plates'],
    ['fraktur_labels.json', 'fraktur'],
  ])('reads %s', async (name, folder) => {
    const want = sharedJson(`formats/${name}`) as Record<string, string>;
    const read = await readSamples(join(sharedData, 'formats', name), { images: join(sharedData, folder) });
    expect(read.format).toBe('labels-json');
    expect(Object.fromEntries(read.samples.map((sample) => [sample.name, sample.text]))).toEqual(want);
  });

  it('takes plates from file names, found by looking', async () => {
    const read = await readSamples(join(sharedData, 'plates'));
    expect(read.format).toBe('ccpd');
    expect(Object.fromEntries(read.samples.map((sample) => [sample.name, sample.text]))).toEqual(
      sharedJson('formats/plates_labels.json') as Record<string, string>,
    );
  });

  it('reads gt.txt pairs from folders below, the images whatever their names say they are', async () => {
    const read = await readSamples(join(sharedData, 'fraktur'));
    expect(read.format).toBe('gt-txt');
    expect(read.samples).toHaveLength(2000);
    expect(read.skipped).toEqual([]);
    const [first] = read.samples;
    expect(first?.text).toBe(readFileSync(first!.image.replace(/png$/, 'gt.txt'), 'utf8').trimEnd());
  });
});
