import { openBackend, type Backend } from '../nn/backend.js';
import { trainingNeed } from '../models/memory-need.js';
import { batchPlan, type PlannedBatch } from './batch-plan.js';
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
  /** Bytes of tensors that the largest step of the first epoch has in use at once, at the most. */
  memoryBytes: number;
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
  data: PreparedData,
): Omit<TrainingCheck, 'parameters' | 'backend'> {
  const { training, validation, alphabet } = data;
  const { maxSteps = Infinity, epochs } = settings.train;
  const plan = batchPlan(training.samples, settings.train);
  const { stepsPerEpoch } = plan;
  return {
    training: training.samples.length,
    validation: validation.samples.length,
    characters: alphabet.size,
    stepsPerEpoch,
    steps: Math.min(maxSteps, epochs * stepsPerEpoch),
    memoryBytes: largestNeed(data, plan.batches(0, stepsPerEpoch)),
  };
}

function largestNeed(
  { training, model, alphabet, widthPx }: PreparedData,
  batches: Iterator<PlannedBatch, undefined>,
): number {
  const { fixedBytes, columnBytes } = trainingNeed(model, alphabet.size + 1);
  let columns = 0;
  for (let next = batches.next(); next.done !== true; next = batches.next()) {
    const { images } = next.value;
    const widest = images.reduce(
      (most, { index }) => Math.max(most, training.samples.get(index).filledPx),
      0,
    );
    columns = Math.max(columns, images.length * widest);
  }
  // What does not fit at once is learnt from in parts.
  return fixedBytes + columnBytes * Math.min(columns, widthPx);
}
