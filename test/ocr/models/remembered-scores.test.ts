import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DecoderConfig } from '../../../src/ocr/models/decoder.js';
import { newRecogniser, type Recogniser } from '../../../src/ocr/models/recogniser.js';
import { rememberingScores } from '../../../src/ocr/models/remembered-scores.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { alphabet, learn, read, WIDTHS_PX } from './noise-batch.js';
import { tinyModel } from './tiny-models.js';

const GREEDY = { type: 'ctc-greedy' } as const;
const BEAM = { type: 'ctc-beam', beam: 4 } as const;

describe('scores that are remembered', () => {
  let model: Recogniser;
  beforeAll(() => openBackend('wasm'));
  beforeEach(async () => {
    model = newRecogniser(tinyModel('crnn with GRU'), alphabet, 2);
    await learn(model, 5, 0.01);
    return () => {
      model.network.dispose();
    };
  });

  /** What is read first, and what once the weights have become others. */
  async function readTwice(
    network: Recogniser['network'],
    [first, second]: readonly [DecoderConfig, DecoderConfig],
  ): Promise<unknown[]> {
    const reader = { ...model, network };
    const before = await read({ ...reader, decoder: first }, WIDTHS_PX);
    await learn(model, 5, 0.05);
    return [before, await read({ ...reader, decoder: second }, WIDTHS_PX)];
  }

  it('are decoded as the network does it', async () => {
    const network = rememberingScores(model.network);
    for (const decoder of [GREEDY, BEAM, GREEDY, { ...GREEDY, views: 3 }])
      expect(await read({ ...model, network, decoder }, WIDTHS_PX)).toEqual(
        await read({ ...model, decoder }, WIDTHS_PX),
      );
  });

  it('are not computed again for images that were read before', async () => {
    const [before, after] = await readTwice(rememberingScores(model.network), [GREEDY, GREEDY]);
    expect(after).toEqual(before);
  });

  it('are computed for other images, and for other views', async () => {
    const network = rememberingScores(model.network);
    await read({ ...model, network, decoder: GREEDY }, WIDTHS_PX);
    for (const [decoder, widthsPx] of [
      [GREEDY, [52]],
      [{ ...GREEDY, views: 2 }, WIDTHS_PX],
    ] as const)
      expect(await read({ ...model, network, decoder }, [...widthsPx])).toEqual(
        await read({ ...model, decoder }, [...widthsPx]),
      );
  });

  it('are computed each time beyond the limit', async () => {
    const [before, after] = await readTwice(rememberingScores(model.network, 100), [GREEDY, GREEDY]);
    expect(after).not.toEqual(before);
  });

  it('are none of a network without time steps', () => {
    const attention = newRecogniser(tinyModel('attention by Luong'), alphabet, 1);
    expect(rememberingScores(attention.network)).toBe(attention.network);
    attention.network.dispose();
  });
});
