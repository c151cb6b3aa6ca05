import { join } from 'node:path';
import { weightShapes } from './new-network.js';
import { readSavedWeights, type SavedWeights } from './saved-weights.js';
import { checkFit } from './variables.js';

/** `readSavedWeights`, and the weights have the names and shapes that the model needs: throws `weights-mismatch` too. */
export function readCheckedWeights(folder: string): SavedWeights {
  const saved = readSavedWeights(folder);
  const { model, alphabet, weights } = saved.description;
  checkFit(saved.weights, weightShapes(model, alphabet.length + 1), join(folder, weights.file));
  return saved;
}
