import { contentIdOf } from '../../base/content-id.js';
import type { Backend } from '../nn/backend.js';
import type { PreparedData } from './prepare.js';
import type { TrainingJob } from './training-job.js';

/** Raised when the same settings and data give other weights than before: older checkpoints no longer continue. */
const TRAINING_VERSION = 3;

/** Two trainings with the same key give the same weights, so that one may go on where the other stopped. */
export function trainingKey(
  job: TrainingJob,
  data: PreparedData,
  { backend, from }: { backend: Backend; from?: string | undefined },
): string {
  const parts = {
    version: TRAINING_VERSION,
    settings: job.settings,
    alphabet: data.alphabet.characters,
    training: data.training.id,
    validation: data.validation.id,
    backend: backend.name,
    from,
  };
  // The schemas give the keys their order.
  return contentIdOf(JSON.stringify(parts));
}
