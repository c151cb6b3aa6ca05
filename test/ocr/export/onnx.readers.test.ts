import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { graphOf } from '../../../src/ocr/export/graph-of.js';
import { onnxFile } from '../../../src/ocr/export/onnx.js';
import type { Encoding } from '../../../src/ocr/models/quantisation.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { runProcess } from '../../rig/ocrpipe.js';
import { READERS_PYTHON } from '../../rig/python-readers.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { TINY_MODELS, tinyModel } from '../models/tiny-models.js';
import { CLASSES, greatestDifference, keptAs, noiseBatch, randomModel } from './random-model.js';

const SCRIPT = fileURLToPath(new URL('logits.py', import.meta.url));
const ABOUT = { name: 'test', producerVersion: '1', metadata: { 'ocrpipe.alphabet': '["ế"]' } };

/** What onnx and onnxruntime say of a model. */
interface Seen {
  logits: number[];
  shape: number[];
  metadata: unknown;
  inputs: Record<string, unknown[]>;
  outputs: Record<string, unknown[]>;
  nodes: string[];
  initializers: Record<string, string>;
}

/** A model of random weights that onnx has checked and onnxruntime has run, and how far its logits are from the network's. */
async function exported(
  name: string,
  encoding: Encoding,
  widthsPx: readonly number[],
): Promise<{ seen: Seen; difference: number }> {
  const folder = temporaryFolder();
  const [model, input, output] = ['model.onnx', 'input.json', 'output.json'].map((file) =>
    join(folder, file),
  ) as [string, string, string];
  const config = tinyModel(name);
  const { network, weights } = await randomModel(config);
  writeFileSync(model, onnxFile(graphOf(config, weights), encoding, ABOUT));
  const batch = noiseBatch(config, widthsPx);
  writeFileSync(input, JSON.stringify({ ...batch, values: [...batch.values] }));
  const result = await runProcess(READERS_PYTHON, [SCRIPT, model, input, output], { cwd: folder });
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  const seen = JSON.parse(readFileSync(output, 'utf8')) as Seen;
  // What the same weights mean to predict, so kept.
  network.variables.write(keptAs(weights, encoding));
  const logits = Float32Array.from(seen.logits);
  const difference = await greatestDifference(network, batch, { logits, shape: seen.shape });
  network.dispose();
  return { seen, difference };
}

describe.each(Object.keys(TINY_MODELS))('an exported ONNX model in onnxruntime: %s', (name) => {
  beforeAll(async () => {
    await openBackend('cpu');
  });

  it('gives the logits of the network, also where images of several widths stand in one batch', async () => {
    expect((await exported(name, 'float32', [36, 15, 3])).difference).toBeLessThan(1e-4);
    expect((await exported(name, 'float32', [9])).difference).toBeLessThan(1e-4);
  });

  it('with weights of 16 or 8 bits gives what the network gives with those', async () => {
    const half = await exported(name, 'float16', [36, 15]);
    expect(half.difference).toBeLessThan(0.02);
    expect(Object.values(half.seen.initializers)).toContain('FLOAT16');
    const int8 = await exported(name, 'int8', [36, 15]);
    expect(int8.difference).toBeLessThan(1e-3);
    expect(Object.values(int8.seen.initializers)).toContain('INT8');
  });

  it('says what it takes and gives, and names its nodes after the layers', async () => {
    const { seen } = await exported(name, 'float32', [36]);
    const isOneWidth = name.startsWith('fcnn-lstm');
    expect(seen.inputs).toEqual({
      images: ['tensor(float)', 'batch', 1, 16, isOneWidth ? expect.any(Number) : 'width'],
      ...(isOneWidth ? {} : { steps: ['tensor(int32)', 'batch'] }),
    });
    const time = isOneWidth ? (expect.any(Number) as number) : 'time';
    expect(seen.outputs).toEqual({ logits: ['tensor(float)', 'batch', time, CLASSES] });
    expect(seen.metadata).toEqual(ABOUT.metadata);
    expect(seen.nodes.filter((node) => !/^([a-z]\w*\/)+[A-Z]\w+$|^logits$/.test(node))).toEqual([]);
    expect(Object.keys(seen.initializers).filter((node) => !/^([a-z]\w*\/)+[\w-]+$/.test(node))).toEqual([]);
    const last = name.startsWith('attention') ? 'decoder' : 'output';
    const words = name.startsWith('attention') ? ['outputKernel', 'outputBias'] : ['kernel', 'bias'];
    for (const word of words) expect(seen.initializers).toHaveProperty([`${last}/${word}`], 'FLOAT');
  });
});
