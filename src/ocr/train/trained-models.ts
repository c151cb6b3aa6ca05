import type { OcrpipeError } from '../../base/errors.js';
import type { HeldModelFolder } from '../models/held-model-folder.js';
import type { ModelOrigin } from '../models/model-folder.js';
import type { Recogniser } from '../models/recogniser.js';
import type { NamedArray } from '../models/variables.js';
import type { Backend } from '../nn/backend.js';
import type { TextMetrics } from '../text/metrics.js';
import { keepBest } from './kept-best.js';
import { monitoredOf } from './monitor.js';
import type { PreparedData } from './prepare.js';
import { isGuided, settleDecoder, type SettledDecoder } from './settled-decoder.js';
import type { TrainingJob } from './training-job.js';
import { validate } from './validate.js';
import { writeFigures, writeTrained } from './write-trained.js';

/** Weights, the step after which they were read, and how well they read then. */
export interface Best {
  step: number;
  metrics: TextMetrics;
  weights: NamedArray[];
}

/** What models are written with. */
export interface Training {
  job: TrainingJob;
  data: PreparedData;
  backend: Backend;
  /** Content id of the weights that it began with. */
  from: string | undefined;
  model: Recogniser;
}

/** Writes the weights of the last step. */
export function writeLast(training: Training, held: HeldModelFolder, { weights, ...last }: Best): void {
  writeTrained(held, { model: training.model, weights, origin: originOf(training, last) });
}

/** Writes the best weights, with the decoder that reads with them from now on, and the figures. `steps` were done in all. */
export async function writeResult(
  training: Training,
  held: HeldModelFolder,
  { step, metrics, weights, steps }: Best & { steps: number },
): Promise<TextMetrics> {
  const { model, job } = training;
  model.network.variables.write(weights);
  const settled = await settle(training, { decoder: model.decoder, metrics });
  const { decoder, languageModel } = settled;
  const origin = originOf(training, { step, metrics: settled.metrics });
  writeTrained(held, { model: { ...model, decoder }, weights, origin, languageModel });
  writeFigures(job.metrics, { ...settled.metrics, bestStep: step, steps });
  return settled.metrics;
}

/** Going on would end in the same way: what was learnt is kept beside the model, which stays as it was. */
export function withBestKept(
  training: Training,
  held: HeldModelFolder,
  { best, error }: { best: Best | undefined; error: OcrpipeError },
): OcrpipeError {
  if (best === undefined) return error;
  return keepBest(held, error, (kept) => {
    writeTrained(kept, { model: training.model, weights: best.weights, origin: originOf(training, best) });
    return best.step;
  });
}

/** Validations read greedily while weights are learnt: the decoder asked for reads the best of them. */
async function settle({ job, data, model }: Training, greedy: SettledDecoder): Promise<SettledDecoder> {
  const { settings, signal } = job;
  if (!isGuided(settings.decoder)) return greedy;
  return settleDecoder(model, {
    params: settings.decoder,
    texts: data.training.samples.texts(),
    validate: async (read) => (await validate(read, data.validation.samples, data.loader, signal)).metrics,
    figureOf: (metrics) => monitoredOf(metrics, settings.train),
  });
}

function originOf(
  { job, data, backend, from }: Training,
  { step, metrics }: Pick<Best, 'step' | 'metrics'>,
): ModelOrigin {
  const { seed } = job.settings.train;
  const origin = from === undefined ? {} : { from };
  const training = { dataId: data.training.id, step, seed, backend: backend.name, ...origin };
  return { training, metrics: { ...metrics } };
}
