import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModelFolder } from '../../../src/ocr/models/model-folder.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnManifest, trained } from './vietnamese.js';

describe('Vietnamese lines', () => {
  it('give the same weights from composed and from decomposed labels', async () => {
    const folder = temporaryFolder();
    const manifest = await drawnManifest(folder);
    const weightsOf = async (form: 'NFC' | 'NFD'): Promise<string> => {
      writeFileSync(manifest, readFileSync(manifest, 'utf8').normalize(form));
      await trained(manifest, join(folder, form), 2);
      const { recogniser, description } = readModelFolder(join(folder, form));
      recogniser.network.dispose();
      return description.weights.id;
    };
    expect(await weightsOf('NFD')).toBe(await weightsOf('NFC'));
  });
});
