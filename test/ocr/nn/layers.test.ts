import { beforeAll, describe } from 'vitest';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { goldenLayerTests } from './golden-layers.js';
import { backendsUnderTest } from './support.js';

for (const { name, skip } of backendsUnderTest()) {
  describe.skipIf(skip)(`layers on ${name}${skip === undefined ? '' : ` (${skip})`}`, () => {
    beforeAll(() => openBackend(name));
    goldenLayerTests();
  });
}
