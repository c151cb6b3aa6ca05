import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { contentIdOf } from '../../base/content-id.js';
import type { OutputFile } from '../../base/outputs.js';
import type { HeldModelFolder } from './held-model-folder.js';
import { DESCRIPTION_FILE, FORMAT_VERSION, type ModelDescription } from './model-description.js';
import { removeOtherFiles, weightsFile } from './model-files.js';
import { preprocessingOf } from './preprocessing.js';
import type { Encoding } from './quantisation.js';
import { emptyRecogniser, type Recogniser } from './recogniser.js';
import type { NamedArray } from './variables.js';
import { readCheckedWeights } from './checked-weights.js';
import { encodeWeights } from './weights-file.js';

/** What the writer adds to the recogniser itself. */
export interface ModelOrigin extends Pick<ModelDescription, 'training' | 'metrics'> {
  /** How matrices and filters are kept: `float32` unless given. */
  encoding?: Encoding;
  /** Writes other files that name the same weights, once these are there and before the description names them; gives their names. */
  writeBeside?: (weights: ModelDescription['weights']) => readonly string[];
}

/** The file of a model folder that is replaced; it must be a model's, should there be one. */
export function modelFile(flag: string, folder: string): OutputFile {
  const owns = (head: string): boolean => /^\{\s*"version": \d+,\s*"alphabet": /.test(head);
  return { flag, path: join(folder, DESCRIPTION_FILE), kind: { what: 'model', owns } };
}

/**
 * Writes the model so that a reader sees the old one or the new one, whole. The folder is held: of two writers one would
 * remove the weights of the other. Gives the bytes of the weights.
 */
export function writeModelFolder(
  { path: folder }: HeldModelFolder,
  { alphabet, config, decoder }: Pick<Recogniser, 'alphabet' | 'config' | 'decoder'>,
  weights: readonly NamedArray[],
  { training, metrics, encoding = 'float32', writeBeside }: ModelOrigin,
): number {
  const { bytes, tensors } = encodeWeights(weights, encoding);
  const id = contentIdOf(bytes);
  const kept = { file: weightsFile(id), id, encoding, tensors };
  writeFileAtomic(join(folder, kept.file), bytes);
  const beside = writeBeside?.(kept) ?? [];
  const description: ModelDescription = {
    version: FORMAT_VERSION,
    alphabet: [...alphabet.characters],
    model: config,
    preprocessing: preprocessingOf(config),
    decoder,
    training,
    metrics,
    weights: kept,
  };
  writeFileAtomic(join(folder, DESCRIPTION_FILE), `${JSON.stringify(description, null, 2)}\n`);
  removeOtherFiles(folder, new Set([kept.file, ...beside]));
  return bytes.length;
}

/** A model as it was saved. */
export interface SavedModel {
  recogniser: Recogniser;
  description: ModelDescription;
}

/**
 * Opens a saved model on the current backend. Throws with exit code 2 `model-missing`, `model-version` and
 * `model-invalid`; `model-damaged` if the weights are not those that were saved, `weights-mismatch` if they are another model's.
 */
export function readModelFolder(folder: string): SavedModel {
  const { description, weights } = readCheckedWeights(folder);
  const recogniser = emptyRecogniser(description);
  try {
    recogniser.network.variables.write(weights);
  } catch (error) {
    recogniser.network.dispose();
    throw error;
  }
  return { recogniser, description };
}
