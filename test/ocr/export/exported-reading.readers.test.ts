import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, readInChromium } from '../../rig/chromium.js';
import { docExample } from '../../rig/doc-example.js';
import { ocrpipeJson, runProcess } from '../../rig/ocrpipe.js';
import { READERS_PYTHON } from '../../rig/python-readers.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

/** Reads short lines of the digits 0 to 3. */
const FIXTURE = fileURLToPath(new URL('../../fixtures/models/version-1', import.meta.url));
const sizes = 'height: 16, filters: [8, 12, 16], dropout: 0, units: 24';
/** Models that are trained for a moment, with every way to fit an image: they read much wrong, and all kinds of texts. */
const TRAINED: Record<string, string> = {
  'crnn with LSTM': `type: crnn, cell: lstm, ${sizes}, innerDim: 24`,
  'fcnn-lstm': `type: fcnn-lstm, ${sizes}, width: 50, fit: pad-then-squeeze, widthStride: 4, outputLength: 14, depth: 1`,
  'attention by Bahdanau': `type: attention, ${sizes}, innerDim: 24, decoderUnits: 32, embeddingDim: 8`,
  'attention by Luong': `type: attention, attention: luong, ${sizes}, fit: stretch, width: 50, innerDim: 24, decoderUnits: 32`,
  mixer: `type: mixer, height: 16, channels: 3, filters: [8, 12, 16], blocks: [0, 1, 1], innerDim: 24, depth: 1, heads: 2`,
};

interface Reading {
  image: string;
  text: string;
}

let folder: string;

beforeAll(async () => {
  folder = temporaryFolder(afterAll);
  const call = { cwd: folder };
  const draw = (out: string, rest: string): Promise<unknown> =>
    ocrpipeJson(`synth --out ${out} --alphabet 0123 --length 2..4 --noise 2 ${rest}`.split(' '), call);
  await draw('train', '--count 400 --height 24 --seed 3');
  // Half of the images become smaller for the models, half of them larger.
  await draw('high', '--count 100 --height 37 --seed 8');
  await draw('low', '--count 100 --height 11 --seed 9');
  for (const part of ['high', 'low'])
    cpSync(join(folder, part, 'images'), join(folder, 'lines', part), { recursive: true });
  writeFileSync(join(folder, 'read.py'), docExample('models.md', 'python', 'onnxruntime'));
});

/** A model in a folder of its own, with its exports; what predict reads with it. */
async function exported(name: string): Promise<{ own: string; expected: Reading[] }> {
  const own = name.replaceAll(' ', '-');
  const model = name in TRAINED ? await trained(own, TRAINED[name]!) : FIXTURE;
  const call = { cwd: folder };
  const forms = ['--onnx', `${own}/m.onnx`, '--tfjs', `${own}/plate`];
  await ocrpipeJson(['model', 'export', model, ...forms], call);
  const int8 = ['--weights', 'int8', '--onnx', `${own}/int8.onnx`, '--out', `${own}/int8`];
  await ocrpipeJson(['model', 'export', model, ...int8], call);
  return { own, expected: await predicted(model) };
}

async function trained(own: string, model: string): Promise<string> {
  mkdirSync(join(folder, own));
  const training = 'epochs: 12, batchSize: 16, learningRate: 0.005, warmupSteps: 20';
  writeFileSync(join(folder, own, 'params.yaml'), `model: { ${model} }\ntrain: { ${training} }\n`);
  const data = ['--train', 'train/labels.json', '--val', 'high/labels.json'];
  await ocrpipeJson(
    ['train', '--params', `${own}/params.yaml`, ...data, '--out', `${own}/model`, '--backend', 'wasm'],
    { cwd: folder },
  );
  return `${own}/model`;
}

function predicted(model: string): Promise<Reading[]> {
  return ocrpipeJson<Reading[]>(['predict', '--model', model, 'lines'], { cwd: folder });
}

/** What the Python of the docs reads with an ONNX model. */
async function inPython(model: string, expected: readonly Reading[]): Promise<Reading[]> {
  const images = expected.map(({ image }) => image);
  const { stdout, stderr } = await runProcess(READERS_PYTHON, ['read.py', model, ...images], { cwd: folder });
  expect(stderr).toBe('');
  const lines = stdout.slice(0, -1).split('\n');
  return lines.map((line) => ({ image: line.split('\t')[0]!, text: line.split('\t')[1]! }));
}

function texts(readings: readonly Reading[]): Reading[] {
  return readings.map(({ image, text }) => ({ image, text }));
}

describe.each(['crnn with GRU', ...Object.keys(TRAINED)])(
  '200 images, with an exported model: %s',
  (name) => {
    let own: string;
    let expected: Reading[];

    beforeAll(async () => {
      ({ own, expected } = await exported(name));
      expect(expected).toHaveLength(200);
      expect(new Set(expected.map(({ text }) => text)).size).toBeGreaterThan(40);
    });

    it('are read with the Python of the docs as predict reads them', async () => {
      expect(await inPython(`${own}/m.onnx`, expected)).toEqual(texts(expected));
    });

    it('are read by predict itself from the folder for TensorFlow.js', async () => {
      expect(await predicted(`${own}/plate`)).toEqual(expected);
    });

    it('are read so with weights of 8 bits, too', async () => {
      const small = await predicted(`${own}/int8`);
      expect(await inPython(`${own}/int8.onnx`, small)).toEqual(texts(small));
    });

    it.skipIf(CHROMIUM === undefined)(
      'are read in Chromium with the page of the docs as predict reads them (needs Chromium)',
      async () => {
        const images = expected.map(({ image }) => image);
        const readings = await readInChromium(CHROMIUM!, { folder, model: `${own}/plate`, images });
        expect(readings).toEqual(expected.map(({ text }) => text));
      },
    );
  },
);
