import { modelAgrees } from './model.js';

const seed = process.env['OCRPIPE_TEST_SEED'];
modelAgrees(1000, 60, seed === undefined ? undefined : Number(seed));
