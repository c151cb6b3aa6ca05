import { openBackend, type Backend } from '../nn/backend.js';
import { batchPlan } from './batch-plan.js';
import { prepareData, type PreparedData } from './prepare.js';
import type { TrainingJob } from './training-job.js';
import { beginningOf } from './transfer.js';

/** What a training would be. */
export interface TrainingCheck {
  training: number;
  validation: number;
  characters: number;
  /** Weights that training changes. */
  parameters: number;
  stepsPerEpoch: number;
  steps: number;
  backend: Backend['name'];
}

/** Looks at all that a training looks at before its first step, and throws what that would throw; writes nothing. */
export async function checkTraining(job: TrainingJob): Promise<TrainingCheck> {
  const backend = await openBackend(job.backend);
  const data = await prepareData(job);
  try {
    const { model } = await beginningOf(job, data);
    const parameters = model.network.variables.parameterCount();
    model.network.dispose();
    return { ...sizesOf(job, data), parameters, backend: backend.name };
  } finally {
    await data.loader.close();
  }
}

function sizesOf(
  { settings }: TrainingJob,
  { training, validation, alphabet }: PreparedData,
): Omit<TrainingCheck, 'parameters' | 'backend'> {
  const { maxSteps = Infinity, epochs } = settings.train;
  const { stepsPerEpoch } = batchPlan(training.samples, settings.train);
  return {
    training: training.samples.length,
    validation: validation.samples.length,
    characters: alphabet.size,
    stepsPerEpoch,
    steps: Math.min(maxSteps, epochs * stepsPerEpoch),
  };
}
