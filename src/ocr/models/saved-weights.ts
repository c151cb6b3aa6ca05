import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentIdOf } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { readDescription, type ModelDescription } from './model-description.js';
import type { NamedArray } from './variables.js';
import { decodeWeights } from './weights-file.js';

/** A model away from any backend; weights are 32-bit floats however they were kept. */
export interface SavedWeights {
  /** Where it was read from. */
  folder: string;
  description: ModelDescription;
  weights: NamedArray[];
}

/** Who reads a description may find its weights gone, because a newer model is in place: then that one is read. */
const READ_TRIES = 10;

/** Description and weights, without a backend; throws what `readModelFolder` throws. */
export function readSavedWeights(folder: string): SavedWeights {
  for (let tries = 1; ; tries += 1) {
    const description = readDescription(folder);
    try {
      return { folder, description, weights: readWeights(folder, description) };
    } catch (error) {
      if (tries === READ_TRIES) throw error;
    }
  }
}

function readWeights(folder: string, { weights }: ModelDescription): NamedArray[] {
  const file = join(folder, weights.file);
  let bytes: Buffer;
  try {
    if (!/^[\w.-]+$/.test(weights.file)) throw new Error(`'${weights.file}' is no file name`);
    bytes = readFileSync(file);
  } catch (error) {
    throw damaged(file, 'they cannot be read', error);
  }
  if (contentIdOf(bytes) !== weights.id) throw damaged(file, 'their content id is another');
  return decodeWeights(bytes, weights.tensors);
}

function damaged(file: string, reason: string, cause?: unknown): OcrpipeError {
  return new OcrpipeError('model-damaged', `${file} does not hold the weights that were saved: ${reason}`, {
    location: { file },
    hint: "Get the folder again ('ocrpipe checkout --force', 'ocrpipe pull'), or train again.",
    ...(cause === undefined ? {} : { cause }),
  });
}
