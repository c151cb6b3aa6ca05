import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { crnnGraph } from '../../../src/ocr/export/crnn-graph.js';
import { onnxFile } from '../../../src/ocr/export/onnx.js';
import type { Encoding } from '../../../src/ocr/models/quantisation.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { runProcess } from '../../rig/ocrpipe.js';
import { READERS_PYTHON } from '../../rig/python-readers.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { CONFIG, CLASSES, randomCrnn, randomImages } from './random-crnn.js';

const SCRIPT = fileURLToPath(new URL('logits.py', import.meta.url));

/** The greatest difference between the logits of a network and those that onnxruntime computes, each image up to its end. */
async function differences(encoding: Encoding, steps: readonly number[]): Promise<number> {
  const folder = temporaryFolder();
  const [model, input, output] = ['model.onnx', 'input.json', 'output.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const { network, store, weights } = await randomCrnn();
  const about = { name: 'test', producerVersion: '1', metadata: { 'ocrpipe.alphabet': '["ế"]' } };
  writeFileSync(model, onnxFile(crnnGraph(CONFIG, weights), encoding, about));
  const { values, shape } = randomImages(CONFIG, steps);
  writeFileSync(input, JSON.stringify({ values: [...values], shape, steps }));
  const result = await runProcess(READERS_PYTHON, [SCRIPT, model, input, output], { cwd: folder });
  expect(result).toMatchObject({ exitCode: 0 });
  const read = JSON.parse(readFileSync(output, 'utf8')) as {
    logits: number[];
    shape: number[];
    metadata: unknown;
  };
  const images = tf.tensor4d(values, shape);
  const logits = network.read({ images, steps });
  const expected = await logits.data<'float32'>();
  const time = Math.max(...steps);
  expect(read.shape).toEqual([steps.length, time, CLASSES]);
  expect(read.metadata).toEqual(about.metadata);
  tf.dispose([images, logits]);
  store.dispose();
  const own = (_: unknown, index: number): boolean =>
    Math.floor(index / CLASSES) % time < steps[Math.floor(index / (CLASSES * time))]!;
  return read.logits.reduce(
    (most, value, index) => (own(value, index) ? Math.max(most, Math.abs(value - expected[index]!)) : most),
    0,
  );
}

describe('an exported ONNX model in onnxruntime', () => {
  beforeAll(async () => {
    await openBackend('cpu');
  });

  it('gives the logits of the network, also where images of several widths stand in one batch', async () => {
    expect(await differences('float32', [9, 4, 1])).toBeLessThan(1e-5);
    expect(await differences('float32', [3])).toBeLessThan(1e-5);
  });

  it('stays close to them with weights of 16 and of 8 bits', async () => {
    const [half, int8] = [await differences('float16', [9, 4]), await differences('int8', [9, 4])];
    expect(half).toBeLessThan(5e-3);
    expect(half).toBeGreaterThan(0);
    expect(int8).toBeLessThan(0.2);
    expect(int8).toBeGreaterThan(half);
  });
});
