import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Call } from '../base/call.js';
import type { BackendChoice } from '../ocr/nn/backend.js';
import type { TrainingCheck } from '../ocr/train/check-training.js';
import type { TrainingJob } from '../ocr/train/training-job.js';
import type { TrainingResult } from '../ocr/train/train.js';
import { userCache } from '../project/source/user-cache.js';
import { withShownPaths } from './shown-paths.js';

/** Where parameters are looked for when no file is named. */
const DEFAULT_PARAMS = 'params.yaml';

export interface TrainInput {
  train: string;
  val: string;
  out: string;
  params?: string | undefined;
  /** KEY=VALUE, in place of values of the parameter file. */
  set?: readonly string[] | undefined;
  metrics?: string | undefined;
  history?: string | undefined;
  samples?: string | undefined;
  last?: string | undefined;
  tensorboard?: string | undefined;
  backend: BackendChoice;
  resume: boolean;
  /** Seconds between two checkpoints. */
  checkpointSeconds?: number | undefined;
  /** A list of images that are left out if they cannot be read. */
  skipBad?: string | undefined;
  /** Threads that read images, at the most. */
  loaders?: number | undefined;
  /** These win over the file's section `train`. */
  seed?: number | undefined;
  epochs?: number | undefined;
  maxSteps?: number | undefined;
  /** A model whose weights training begins with. */
  from?: string | undefined;
}

export type TrainCheckResult = TrainingCheck;

export interface TrainResult extends TrainingResult {
  out: string;
}

/** Trains a recogniser by the sections `model`, `train`, `augment` and `decoder` of a parameter file. */
export async function train(input: TrainInput, call: Call): Promise<TrainResult> {
  return withShownPaths(call.cwd, async () => {
    const job = await trainingJob(input, call);
    const { train: trainModel } = await import('../ocr/train/train.js');
    return { out: input.out, ...(await trainModel(job)) };
  });
}

/** Looks at parameters and data as `train` does before its first step, and trains nothing. */
export async function checkTraining(input: TrainInput, call: Call): Promise<TrainCheckResult> {
  return withShownPaths(call.cwd, async () => {
    const job = await trainingJob(input, call);
    const { checkTraining: check } = await import('../ocr/train/check-training.js');
    return check(job);
  });
}

async function trainingJob(input: TrainInput, call: Call): Promise<TrainingJob> {
  const inside = (path: string): string => resolve(call.cwd, path);
  const { seed, epochs, maxSteps, from } = input;
  const overrides = {
    ...(seed === undefined ? {} : { seed }),
    ...(epochs === undefined ? {} : { epochs }),
    ...(maxSteps === undefined ? {} : { maxSteps }),
    ...(from === undefined ? {} : { from }),
  };
  // Loaded here, not above: asking for help must not start a tensor library.
  const { readTrainingSettings } = await import('../ocr/train/read-params.js');
  const { trainingOutputs } = await import('../ocr/train/training-outputs.js');
  const params = inside(input.params ?? DEFAULT_PARAMS);
  const lists = input.skipBad === undefined ? [] : [inside(input.skipBad)];
  const inputs = [inside(input.train), inside(input.val), params, ...lists];
  const outputs = trainingOutputs(call.cwd, input, inputs);
  const settings = readTrainingSettings(params, {
    required: input.params !== undefined,
    set: input.set ?? [],
    overrides,
    shownAs: input.params ?? DEFAULT_PARAMS,
    events: call.events,
  });
  noteDefaults(input, call);
  const beginning = settings.train.from;
  if (beginning !== undefined) (await import('./saved-model.js')).savedModel(call.cwd, beginning);
  return {
    cwd: call.cwd,
    train: input.train,
    val: input.val,
    ...outputs,
    settings,
    backend: input.backend,
    resume: input.resume,
    checkpointSeconds: input.checkpointSeconds,
    skipBad: input.skipBad,
    loaderThreads: input.loaders,
    knownImages: join(userCache(), 'images'),
    events: call.events,
    signal: call.signal,
  };
}

function noteDefaults({ params }: TrainInput, { cwd, events }: Call): void {
  if (params !== undefined || existsSync(resolve(cwd, DEFAULT_PARAMS))) return;
  const message = `there is no ${DEFAULT_PARAMS}: defaults are taken for model, train and augment`;
  events({ type: 'note', level: 'info', code: 'params-default', message });
}
