import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeFileAtomic } from '../../../src/base/atomic-file.js';
import { writeTfjsFiles } from '../../../src/ocr/export/tfjs-folder.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { runProcess } from '../../rig/ocrpipe.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { TINY_MODELS, tinyModel } from '../models/tiny-models.js';
import { greatestDifference, keptAs, noiseBatch, randomModel, tfjsOf } from './random-model.js';

const SCRIPT = fileURLToPath(new URL('native-logits.mjs', import.meta.url));
const HOME =
  process.env['OCRPIPE_TENSORFLOW_DIR'] ??
  fileURLToPath(new URL('../../../.cache/native-tensorflow', import.meta.url));

beforeAll(async () => {
  await openBackend('cpu');
});

describe('an exported folder in plain tfjs-node', () => {
  it.each(Object.keys(TINY_MODELS))('gives the logits of the network: %s', async (name) => {
    const folder = temporaryFolder();
    const config = tinyModel(name);
    const { network, weights } = await randomModel(config);
    const { file, bytes, ...files } = tfjsOf(config, weights, 'int8');
    writeFileAtomic(join(folder, 'web', file), bytes);
    writeTfjsFiles(join(folder, 'web'), files);
    const batch = noiseBatch(config, [36, 36]);
    const [model, input, output] = ['web/model.json', 'input.json', 'output.json'].map((file) =>
      join(folder, file),
    ) as [string, string, string];
    writeFileSync(input, JSON.stringify({ values: [...batch.values], shape: batch.shape }));
    const args = [SCRIPT, HOME, model, input, output];
    const { exitCode, stderr } = await runProcess(process.execPath, args, { cwd: folder });
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
    const seen = JSON.parse(readFileSync(output, 'utf8')) as {
      backend: string;
      logits: number[];
      shape: number[];
    };
    expect(seen.backend).toBe('tensorflow');
    network.variables.write(keptAs(weights, 'int8'));
    const logits = Float32Array.from(seen.logits);
    expect(await greatestDifference(network, batch, { logits, shape: seen.shape })).toBeLessThan(1e-3);
    network.dispose();
  });
});
