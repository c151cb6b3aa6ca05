import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModelFolder } from '../../../src/ocr/models/model-folder.js';
import { compareCharacters } from '../../../src/ocr/text/alphabet.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { ALPHABET, drawnManifest, trained } from './vietnamese.js';

describe('Vietnamese lines', { timeout: 300_000 }, () => {
  it('are learnt over the whole alphabet: Latin with every tone mark, digits and punctuation', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnManifest(folder);
    const { metrics } = await trained(manifest, join(folder, 'model'), 60);
    // An untrained model has 1, one that knows the commonest letters 0.9.
    expect(metrics.cer).toBeLessThan(0.25);
    const { recogniser, description } = readModelFolder(join(folder, 'model'));
    recogniser.network.dispose();
    expect(description.alphabet).toEqual([...ALPHABET].sort(compareCharacters));
  });
});
