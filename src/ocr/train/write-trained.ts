import { writeFileAtomic } from '../../base/atomic-file.js';
import type { HeldModelFolder } from '../models/held-model-folder.js';
import {
  removeOtherLanguageModels,
  writeLanguageModel,
  type EncodedLanguageModel,
} from '../models/language-model-file.js';
import { writeModelFolder, type ModelOrigin } from '../models/model-folder.js';
import type { Recogniser } from '../models/recogniser.js';
import type { NamedArray } from '../models/variables.js';
import type { TextMetrics } from '../text/metrics.js';

/** What a training leaves: weights, how they read, and where they come from. */
export interface Trained {
  model: Recogniser;
  weights: readonly NamedArray[];
  origin: ModelOrigin;
  languageModel?: EncodedLanguageModel | undefined;
}

/** Writes a model so that a reader sees the old one or the new one, whole: what its description names comes before it. */
export function writeTrained(
  held: HeldModelFolder,
  { model, weights, origin, languageModel }: Trained,
): void {
  if (languageModel) writeLanguageModel(held.path, languageModel);
  writeModelFolder(held, model, weights, origin);
  removeOtherLanguageModels(held.path, languageModel?.file);
}

/** Writes the figures of the best weights. */
export function writeFigures(
  file: string | undefined,
  figures: TextMetrics & { bestStep: number; steps: number },
): void {
  if (file !== undefined) writeFileAtomic(file, `${JSON.stringify(figures, null, 2)}\n`);
}
