import { beforeAll, describe } from 'vitest';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { goldenSequenceLayerTests } from './golden-sequence-layers.js';
import { backendsUnderTest } from './support.js';

for (const { name, skip } of backendsUnderTest()) {
  describe.skipIf(skip)(`layers of sequences on ${name}${skip === undefined ? '' : ` (${skip})`}`, () => {
    beforeAll(() => openBackend(name));
    goldenSequenceLayerTests();
  });
}
