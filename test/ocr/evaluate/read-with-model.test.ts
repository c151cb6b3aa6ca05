import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { evaluate } from '../../../src/actions/evaluate.js';
import { synth } from '../../../src/actions/synth.js';
import { modelConfigSchema } from '../../../src/ocr/models/model-config.js';
import { holdModelFolder } from '../../../src/ocr/models/held-model-folder.js';
import { writeModelFolder } from '../../../src/ocr/models/model-folder.js';
import { newRecogniser } from '../../../src/ocr/models/recogniser.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { alphabetOf } from '../../../src/ocr/text/alphabet.js';
import { quietCall } from '../../rig/call.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

beforeAll(async () => {
  await openBackend('cpu');
});

it('scores what a model reads, and counts the characters that it cannot write', async () => {
  const call = quietCall(temporaryFolder());
  const style = { heightPx: 16, blurPx: 0, noise: 0, slantDegrees: 0, contrast: 1 };
  await synth({ out: 'lines', count: 6, seed: 1, length: '4', alphabet: 'AB', fonts: [], style }, call);
  const config = modelConfigSchema.parse({ height: 16, filters: [2, 3], innerDim: 8, units: 8 });
  const recogniser = newRecogniser(config, alphabetOf('AX'), 1);
  const weights = await recogniser.network.variables.read();
  const training = { dataId: 'a'.repeat(64), step: 0, seed: 1, backend: 'cpu' as const };
  const held = await holdModelFolder(join(call.cwd, 'model'));
  writeModelFolder(held, recogniser, weights, { training, metrics: {} });
  held.release();
  recogniser.network.dispose();

  const input = { data: 'lines', model: ['model'], backend: 'cpu' as const };
  const result = await evaluate({ ...input, out: 'one' }, call);
  expect(result.count).toBe(6);
  expect(result.exact).toBeLessThan(1);
  expect(result.unknownCharacters.map(({ character }) => character)).toEqual(['B']);
  const again = await evaluate({ predictions: 'one/predictions.tsv', data: 'lines', out: 'two' }, call);
  expect({ ...again, out: 'one', unknownCharacters: result.unknownCharacters }).toEqual(result);
});
