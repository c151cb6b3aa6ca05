import { relative } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { collectGarbage } from '../../base/collect-garbage.js';
import { countText } from '../../base/count-text.js';
import { openBackend, type Backend } from '../nn/backend.js';
import { holdModelFolder, type HeldModelFolder } from '../models/held-model-folder.js';
import type { TextMetrics } from '../text/metrics.js';
import {
  checkpointFile,
  readCheckpoint,
  removeCheckpoint,
  writeCheckpoint,
  type Checkpoint,
} from './checkpoint.js';
import { batchPlan, type BatchPlan } from './batch-plan.js';
import { endsForGood, removeKeptBest } from './kept-best.js';
import type { HistoryEntry } from './history.js';
import { sampleReadings, type SampleReading } from './sample-readings.js';
import { Learner } from './learner.js';
import { learningRateAt } from './learning-rate.js';
import { metricsOf, monitoredIn, monitoredOf } from './monitor.js';
import { prepareData, type PreparedData } from './prepare.js';
import { progressMeter, type ProgressMeter, type RunningSums } from './progress-meter.js';
import type { TrainingJob } from './training-job.js';
import { trainingBatches, type TrainingBatch } from './training-batches.js';
import { noBoard, openBoard, type Board } from './tensorboard/board.js';
import { worstLines } from './tensorboard/worst-lines.js';
import { withBestKept, writeLast, writeResult, type Best, type Training } from './trained-models.js';
import { beginningOf, type Beginning } from './transfer.js';
import { DivergenceWatch } from './divergence-watch.js';
import { trainingKey } from './training-key.js';
import { validate } from './validate.js';
import { openRecord, type ValidationRecord } from './validation-record.js';

/** Seconds between two checkpoints, at the least. */
const CHECKPOINT_SECONDS = 30;

export interface TrainingResult {
  /** Of the best weights on the validation part. */
  metrics: TextMetrics;
  bestStep: number;
  steps: number;
  stopped: StopReason;
  parameters: number;
  backend: Backend['name'];
  /** The step that an earlier, interrupted run had reached; 0 for a run from the beginning. */
  resumedFrom: number;
  /** Share of the time of this run's steps in which the device waited for images. */
  waitShare: number;
}

/** `finished`: all steps done; `patience`: no better figure for long enough; `time`: `maxMinutes` are over. */
export type StopReason = 'finished' | 'patience' | 'time';

/** Where a training stands between two steps. */
interface Progress {
  step: number;
  best: Best | undefined;
  stale: number;
  history: HistoryEntry[];
  samples: SampleReading[];
}

/**
 * Trains a recogniser and writes the weights that read the validation part best. Until then `out` is not touched; of two
 * trainings with one `out` the second waits for the first. On `wasm` and `cpu` the same job gives the same weights, also
 * when it was stopped in between and started again.
 */
export async function train(job: TrainingJob): Promise<TrainingResult> {
  const backend = await openBackend(job.backend);
  const data = await prepareData(job);
  // What the check held of each image: later a heap of that size would seem the usual one.
  collectGarbage();
  const hold = (folder: string): Promise<HeldModelFolder> =>
    holdModelFolder(folder, { ...job, shown: relative(job.cwd, folder) });
  try {
    const held = await hold(job.out);
    try {
      const heldLast = job.last === undefined ? undefined : await hold(job.last);
      try {
        const beginning = await beginningOf(job, data);
        return await completeRun(new TrainingRun(job, data, { backend, held, heldLast, beginning }));
      } finally {
        heldLast?.release();
      }
    } finally {
      held.release();
    }
  } finally {
    await data.loader.close();
  }
}

async function completeRun(run: TrainingRun): Promise<TrainingResult> {
  try {
    return await run.complete();
  } finally {
    run.dispose();
  }
}

/** What a run uses and does not own. */
interface Surroundings {
  backend: Backend;
  held: HeldModelFolder;
  /** Of the weights of the last step. */
  heldLast: HeldModelFolder | undefined;
  beginning: Beginning;
}

class TrainingRun {
  readonly #job: TrainingJob;
  readonly #data: PreparedData;
  readonly #backend: Backend;
  readonly #learner: Learner;
  readonly #held: HeldModelFolder;
  readonly #heldLast: HeldModelFolder | undefined;
  readonly #training: Training;
  readonly #key: string;
  readonly #plan: BatchPlan;
  readonly #totalSteps: number;
  /** When this run began, as far before that as earlier ones took. */
  #started = performance.now();
  #progress: Progress = { step: 0, best: undefined, stale: 0, history: [], samples: [] };
  #savedAt = performance.now();
  #watch: DivergenceWatch;
  #meter: ProgressMeter;
  #board: Board = noBoard;

  constructor(job: TrainingJob, data: PreparedData, { backend, held, heldLast, beginning }: Surroundings) {
    const { train: config } = job.settings;
    this.#job = job;
    this.#data = data;
    this.#backend = backend;
    this.#learner = new Learner(beginning.model, config);
    this.#held = held;
    this.#heldLast = heldLast;
    this.#training = { job, data, backend, from: beginning.from, model: beginning.model };
    this.#watch = new DivergenceWatch(config);
    this.#key = trainingKey(job, data, { backend, from: beginning.from });
    this.#plan = batchPlan(data.training.samples, config);
    this.#totalSteps = Math.min(config.maxSteps ?? Infinity, config.epochs * this.#plan.stepsPerEpoch);
    this.#meter = this.#newMeter();
  }

  async complete(): Promise<TrainingResult> {
    const resumedFrom = this.#resume();
    const stopped = await this.#learn();
    const best = this.#progress.best!;
    await this.#writeLast();
    const { step: steps } = this.#progress;
    const metrics = await writeResult(this.#training, this.#held, { ...best, steps });
    removeCheckpoint(this.#held.checkpoints);
    removeKeptBest(this.#held);
    return {
      metrics,
      bestStep: best.step,
      steps,
      stopped,
      parameters: this.#learner.model.network.variables.parameterCount(),
      backend: this.#backend.name,
      resumedFrom,
      waitShare: this.#meter.waitShare(),
    };
  }

  async #learn(): Promise<StopReason> {
    const { settings, signal } = this.#job;
    const record = openRecord({ ...this.#job, board: this.#board }, this.#progress);
    const { training, alphabet, loader, widthPx } = this.#data;
    const onWait = (ms: number): void => {
      this.#meter.waited(ms);
      this.#board.waited(ms);
    };
    const { samples } = training;
    const source = { samples, alphabet, plan: this.#plan, loader, settings, widthPx, onWait };
    try {
      let stopped = await this.#settle(record);
      if (stopped !== undefined) return stopped;
      for await (const batch of trainingBatches(source, this.#progress.step, this.#totalSteps)) {
        await this.#step(batch);
        // Computing alone never returns to the event loop, where signals and timers wait.
        await setImmediate();
        signal?.throwIfAborted();
        stopped = await this.#settle(record);
        if (stopped !== undefined) return stopped;
        await this.#checkpointIfDue();
      }
      return 'finished';
    } catch (error) {
      // Asked to stop: nothing of what was learnt is lost.
      if (signal?.aborted === true) await this.#checkpoint();
      if (!endsForGood(error)) throw error;
      throw withBestKept(this.#training, this.#held, { best: this.#progress.best, error });
    } finally {
      this.#meter.end();
    }
  }

  async #step(batch: TrainingBatch): Promise<void> {
    const started = performance.now();
    const learningRate = this.#learningRate(batch.step);
    const result = await this.#learner.step(batch, learningRate);
    this.#watch.look(batch, result);
    const ms = performance.now() - started;
    this.#meter.record(batch, result, ms);
    const step = batch.step + 1;
    this.#board.stepped({ ...result, step, learningRate, images: batch.samples.length, ms });
    this.#progress.step = step;
  }

  /** What belongs between two steps: the validation if one is due and not yet done, then whether to end. */
  async #settle(record: (of: ValidationRecord) => void): Promise<StopReason | undefined> {
    const { step, history } = this.#progress;
    const timeIsOver = this.#timeIsOver();
    const done = step === 0 || history.at(-1)?.step === step;
    if (!done && (timeIsOver || this.#validationIsDue(step))) record(await this.#validate());
    if (this.#patienceIsOver()) return 'patience';
    return timeIsOver && this.#progress.best !== undefined ? 'time' : undefined;
  }

  #learningRate(step: number): number {
    const { train: config } = this.#job.settings;
    const figures = monitoredIn(this.#progress.history, config);
    return learningRateAt({ step, totalSteps: this.#totalSteps, figures }, config);
  }

  #validationIsDue(step: number): boolean {
    const { evaluateSteps, evaluateEvery } = this.#job.settings.train;
    return (
      step === this.#totalSteps || step % (evaluateSteps ?? evaluateEvery * this.#plan.stepsPerEpoch) === 0
    );
  }

  #timeIsOver(): boolean {
    const { maxMinutes } = this.#job.settings.train;
    return maxMinutes !== undefined && this.#minutes() > maxMinutes;
  }

  /** That the training has taken so far, earlier runs included. */
  #minutes(): number {
    return (performance.now() - this.#started) / 60_000;
  }

  #patienceIsOver(): boolean {
    const { patience } = this.#job.settings.train;
    return patience > 0 && this.#progress.stale >= patience;
  }

  async #validate(): Promise<ValidationRecord> {
    const { samples } = this.#data.validation;
    const { step } = this.#progress;
    const { metrics, texts } = await this.#learner.withBestWeights(async () => {
      const found = await validate(this.#learner.model, samples, this.#data.loader, this.#job.signal);
      await this.#keepIfBest(found.metrics);
      return found;
    });
    const entry: HistoryEntry = {
      step,
      epoch: step / this.#plan.stepsPerEpoch,
      learningRate: this.#learningRate(step - 1),
      ...this.#meter.flush(),
      valExact: metrics.exact,
      valCer: metrics.cer,
      valLevenshtein: metrics.levenshtein,
      valCharF1: metrics.charF1,
    };
    const isShown = this.#job.tensorboard !== undefined;
    const worst = isShown ? await worstLines(samples, texts, this.#data.loader) : [];
    return { entry, readings: sampleReadings(step, samples, texts), worst };
  }

  /** Of equally good weights the later ones are kept: they have seen more. Only a better figure renews the patience. */
  async #keepIfBest(metrics: TextMetrics): Promise<void> {
    const progress = this.#progress;
    const figure = (of: TextMetrics): number => monitoredOf(of, this.#job.settings.train);
    const difference = progress.best === undefined ? -1 : figure(metrics) - figure(progress.best.metrics);
    progress.stale = difference < 0 ? 0 : progress.stale + 1;
    if (difference > 0) return;
    const weights = await this.#learner.model.network.variables.read();
    progress.best = { step: progress.step, metrics, weights };
  }

  async #checkpointIfDue(): Promise<void> {
    const seconds = this.#job.checkpointSeconds ?? CHECKPOINT_SECONDS;
    if (performance.now() - this.#savedAt >= seconds * 1000) await this.#checkpoint();
  }

  async #checkpoint(): Promise<void> {
    const { best, history, samples, stale, step } = this.#progress;
    writeCheckpoint(this.#held.checkpoints, {
      key: this.#key,
      step,
      seconds: this.#minutes() * 60,
      stale,
      history,
      samples,
      sums: this.#meter.sums(),
      watch: this.#watch.state(),
      summaries: this.#board.saved(),
      best: best === undefined ? null : { step: best.step, figures: best.metrics },
      bestWeights: best?.weights ?? [],
      learner: await this.#learner.state(),
    });
    this.#savedAt = performance.now();
  }

  /** Takes over what an interrupted run of the same training left; gives the step it had reached. */
  #resume(): number {
    const saved = this.#job.resume === false ? undefined : this.#savedProgress();
    if (saved !== undefined) {
      const { step, stale, history, samples, best, bestWeights } = saved;
      this.#learner.restore(saved.learner);
      this.#started -= saved.seconds * 1000;
      this.#watch = new DivergenceWatch(this.#job.settings.train, saved.watch);
      const message = `goes on from step ${step} of an earlier run`;
      this.#job.events({ type: 'note', level: 'info', code: 'training-resumed', message });
      const kept =
        best === null ? undefined : { step: best.step, metrics: best.figures, weights: bestWeights };
      this.#progress = { step, stale, history, samples, best: kept };
    }
    this.#meter = this.#newMeter(saved?.sums);
    this.#board = this.#newBoard(saved?.summaries ?? 0);
    return this.#progress.step;
  }

  /** A checkpoint that is damaged, or of another training, costs what it held, and no more. */
  #savedProgress(): Checkpoint | undefined {
    const { checkpoints } = this.#held;
    const saved = readCheckpoint(checkpoints, this.#key);
    if (saved === undefined || (saved !== 'unusable' && 'key' in saved)) return saved;
    const shown = relative(this.#job.cwd, checkpointFile(checkpoints));
    const [code, what] =
      saved === 'unusable'
        ? ['checkpoint-unusable', 'is damaged, or of another version of ocrpipe']
        : [
            'checkpoint-of-another',
            `is from ${countText(saved.otherStep, 'step')} with other parameters, data, weights to begin with, backend or version of ocrpipe, and will be replaced`,
          ];
    const message = `${shown} ${what}: training begins anew`;
    this.#job.events({ type: 'note', level: 'warning', code, message });
    return undefined;
  }

  #newMeter(earlier?: RunningSums): ProgressMeter {
    const { events } = this.#job;
    const device = this.#backend.name;
    const firstStep = this.#progress.step;
    return progressMeter({ totalSteps: this.#totalSteps, firstStep, earlier, device, events });
  }

  #newBoard(summaries: number): Board {
    const { tensorboard: path, settings } = this.#job;
    if (path === undefined) return noBoard;
    const { history } = this.#progress;
    return openBoard({
      path,
      key: this.#key,
      staging: this.#held.checkpoints,
      settings,
      about: {
        backend: this.#backend.name,
        weights: this.#learner.model.network.variables.parameterCount(),
        characters: this.#data.alphabet.size,
        'training images': this.#data.training.samples.length,
        'validation images': this.#data.validation.samples.length,
        steps: this.#totalSteps,
        'steps of an epoch': this.#plan.stepsPerEpoch,
      },
      totalSteps: this.#totalSteps,
      earlier: { summaries, history },
    });
  }

  /** The weights of the last step, where they are asked for. */
  async #writeLast(): Promise<void> {
    if (this.#heldLast === undefined) return;
    const { model } = this.#learner;
    const weights = await this.#learner.withBestWeights(() => model.network.variables.read());
    const { step, history } = this.#progress;
    const metrics = metricsOf(history.at(-1)!, this.#data.validation.samples.length);
    writeLast(this.#training, this.#heldLast, { step, metrics, weights });
  }

  dispose(): void {
    this.#learner.dispose();
  }
}
