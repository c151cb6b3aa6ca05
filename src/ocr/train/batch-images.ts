import type { Problem } from '../../base/errors.js';
import type { TrainingBatch } from './training-batches.js';

/** As many images as a message names. */
const NAMED = 3;

/** The images of a batch at which training broke off: the first ones for a message, and all of them, with their labels, as problems of an error with this code. */
export function batchImages(
  { samples }: TrainingBatch,
  code: string,
): { named: string; problems: Problem[] } {
  const names = samples.slice(0, NAMED).map(({ name }) => name);
  const more = samples.length > NAMED ? ` and ${samples.length - NAMED} more, which --json lists` : '';
  return {
    named: `${samples.length === 1 ? 'image' : 'images'} ${names.join(', ')}${more}`,
    problems: samples.map(({ name, file, text }) => ({
      code,
      message: `${name}, in the batch that it broke off at: '${text}'`,
      location: { file },
    })),
  };
}
