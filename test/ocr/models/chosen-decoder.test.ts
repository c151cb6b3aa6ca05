import { beforeAll, describe, expect, it } from 'vitest';
import { openReader, type DecoderChoice } from '../../../src/ocr/models/chosen-decoder.js';
import type { DecoderConfig } from '../../../src/ocr/models/decoder.js';
import { holdModelFolder } from '../../../src/ocr/models/held-model-folder.js';
import { writeModelFolder } from '../../../src/ocr/models/model-folder.js';
import { newRecogniser } from '../../../src/ocr/models/recogniser.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { alphabet } from './noise-batch.js';
import { tinyModel } from './tiny-models.js';

/** How a model that was saved with `saved` reads when told to do so by `choice`. */
async function chosen(
  name: string,
  saved: DecoderConfig | undefined,
  choice: DecoderChoice,
): Promise<DecoderConfig> {
  const folder = temporaryFolder();
  const made = newRecogniser(tinyModel(name), alphabet, 1);
  const held = await holdModelFolder(folder);
  const origin = { training: { dataId: 'a'.repeat(64), step: 1, seed: 1, backend: 'wasm' }, metrics: {} };
  writeModelFolder(
    held,
    { ...made, decoder: saved ?? made.decoder },
    await made.network.variables.read(),
    origin,
  );
  held.release();
  made.network.dispose();
  const reader = openReader(folder, choice);
  reader.network.dispose();
  return reader.decoder;
}

const BEAM = { type: 'ctc-beam', beam: 5, views: 3, pattern: '[abc]{2}' } as const;

describe('how a model reads', () => {
  beforeAll(() => openBackend('wasm'));

  it.each<[string, DecoderChoice, DecoderConfig]>([
    ['as it was saved', {}, BEAM],
    ['with other views', { views: 7 }, { ...BEAM, views: 7 }],
    ['with another beam', { beam: 2 }, { ...BEAM, beam: 2 }],
    ['with another pattern', { pattern: 'a+' }, { ...BEAM, pattern: 'a+' }],
    ['greedily, each image once', { decoder: 'greedy' }, { type: 'ctc-greedy' }],
    ['greedily over views', { decoder: 'greedy', views: 2 }, { type: 'ctc-greedy', views: 2 }],
  ])('is chosen: %s', async (_, choice, expected) => {
    expect(await chosen('crnn with GRU', BEAM, choice)).toEqual(expected);
  });

  it('is a beam for a greedy model that is told so, its views kept', async () => {
    const saved = { type: 'ctc-greedy', views: 3 } as const;
    expect(await chosen('mixer', saved, { decoder: 'beam' })).toEqual({
      type: 'ctc-beam',
      beam: 10,
      views: 3,
    });
  });

  it.each<[string, string, DecoderChoice, string, string]>([
    ['a greedy beam', 'mixer', { decoder: 'greedy', beam: 3 }, '--beam', "use '--decoder beam'"],
    ['a greedy pattern', 'mixer', { decoder: 'greedy', pattern: 'a' }, '--pattern', "use '--decoder beam'"],
    ['views of attention', 'attention by Luong', { views: 3 }, '--views', 'time steps'],
    [
      'a language model of attention',
      'attention by Luong',
      { languageWeight: 1 },
      '--language-weight',
      'with CTC',
    ],
    [
      'a language model that is not there',
      'mixer',
      { lengthBonus: 1 },
      'without a language model',
      'languageModel',
    ],
  ])('refuses %s', async (_, name, choice, message, hint) => {
    await expect(chosen(name, undefined, choice)).rejects.toMatchObject({
      code: 'decoder-conflict',
      exitCode: 2,
      message: expect.stringContaining(message) as unknown,
      hint: expect.stringContaining(hint) as unknown,
    });
  });
});
