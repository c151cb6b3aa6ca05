import { relative } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { OcrpipeError } from '../../base/errors.js';
import { openBackend, type Backend } from '../nn/backend.js';
import { holdModelFolder, type HeldModelFolder } from '../models/held-model-folder.js';
import type { ModelOrigin } from '../models/model-folder.js';
import type { NamedArray } from '../models/variables.js';
import type { TextMetrics } from '../text/metrics.js';
import {
  checkpointFile,
  readCheckpoint,
  removeCheckpoint,
  writeCheckpoint,
  type Checkpoint,
} from './checkpoint.js';
import { batchPlan, type BatchPlan } from './batch-plan.js';
import { endsForGood, keepBest, removeKeptBest } from './kept-best.js';
import type { HistoryEntry } from './history.js';
import { sampleReadings, type SampleReading } from './sample-readings.js';
import { Learner } from './learner.js';
import { learningRateAt } from './learning-rate.js';
import { metricsOf, monitoredIn, monitoredOf } from './monitor.js';
import { prepareData, type PreparedData } from './prepare.js';
import { progressMeter, type ProgressMeter, type RunningSums } from './progress-meter.js';
import type { TrainingJob } from './training-job.js';
import { trainingBatches } from './training-batches.js';
import { isGuided, settleDecoder, type SettledDecoder } from './settled-decoder.js';
import { beginningOf, type Beginning } from './transfer.js';
import { DivergenceWatch } from './divergence-watch.js';
import { trainingKey } from './training-key.js';
import { validate } from './validate.js';
import { openRecord, type ValidationRecord } from './validation-record.js';
import { writeFigures, writeTrained } from './write-trained.js';

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

/** The best validation so far, and the weights that it was made with. */
interface Best {
  step: number;
  metrics: TextMetrics;
  weights: NamedArray[];
}

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
 * trainings with one `out` the second waits for the first. The same job gives the same weights on the same backend, also
 * when it was stopped in between and started again.
 */
export async function train(job: TrainingJob): Promise<TrainingResult> {
  const backend = await openBackend(job.backend);
  const data = await prepareData(job);
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
  readonly #from: string | undefined;
  readonly #key: string;
  readonly #plan: BatchPlan;
  readonly #totalSteps: number;
  readonly #started = performance.now();
  #progress: Progress = { step: 0, best: undefined, stale: 0, history: [], samples: [] };
  #savedAt = performance.now();
  #watch: DivergenceWatch;
  #meter: ProgressMeter;

  constructor(job: TrainingJob, data: PreparedData, { backend, held, heldLast, beginning }: Surroundings) {
    const { train: config } = job.settings;
    this.#job = job;
    this.#data = data;
    this.#backend = backend;
    this.#learner = new Learner(beginning.model, config);
    this.#held = held;
    this.#heldLast = heldLast;
    this.#from = beginning.from;
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
    const { metrics } = await this.#writeResult(best);
    removeCheckpoint(this.#held.checkpoints);
    removeKeptBest(this.#held);
    return {
      metrics,
      bestStep: best.step,
      steps: this.#progress.step,
      stopped,
      parameters: this.#learner.model.network.variables.parameterCount(),
      backend: this.#backend.name,
      resumedFrom,
      waitShare: this.#meter.waitShare(),
    };
  }

  async #learn(): Promise<StopReason> {
    const { settings, signal } = this.#job;
    const record = openRecord(this.#job, this.#progress);
    const { training, loader, widthPx } = this.#data;
    const onWait = (ms: number): void => {
      this.#meter.waited(ms);
    };
    const source = { samples: training.samples, plan: this.#plan, loader, settings, widthPx, onWait };
    try {
      let stopped = await this.#settle(record);
      if (stopped !== undefined) return stopped;
      for await (const batch of trainingBatches(source, this.#progress.step, this.#totalSteps)) {
        const started = performance.now();
        const result = await this.#learner.step(batch, this.#learningRate(batch.step));
        this.#watch.look(batch, result);
        this.#meter.record(batch, result, performance.now() - started);
        this.#progress.step = batch.step + 1;
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
      throw endsForGood(error) ? this.#withBestKept(error) : error;
    } finally {
      this.#meter.end();
    }
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
    return maxMinutes !== undefined && performance.now() - this.#started > maxMinutes * 60_000;
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
    return { entry, readings: sampleReadings(step, samples, texts) };
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
      stale,
      history,
      samples,
      sums: this.#meter.sums(),
      watch: this.#watch.state(),
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
      this.#watch = new DivergenceWatch(this.#job.settings.train, saved.watch);
      const message = `goes on from step ${step} of an earlier run`;
      this.#job.events({ type: 'note', level: 'info', code: 'training-resumed', message });
      const kept =
        best === null ? undefined : { step: best.step, metrics: best.figures, weights: bestWeights };
      this.#progress = { step, stale, history, samples, best: kept };
    }
    this.#meter = this.#newMeter(saved?.sums);
    return this.#progress.step;
  }

  /** A checkpoint that is damaged costs what it held, and no more. */
  #savedProgress(): Checkpoint | undefined {
    const { checkpoints } = this.#held;
    const saved = readCheckpoint(checkpoints, this.#key);
    if (saved !== 'unusable') return saved;
    const shown = relative(this.#job.cwd, checkpointFile(checkpoints));
    const message = `${shown} is damaged, or of another version of ocrpipe: training begins anew`;
    this.#job.events({ type: 'note', level: 'warning', code: 'checkpoint-unusable', message });
    return undefined;
  }

  #newMeter(earlier?: RunningSums): ProgressMeter {
    const { events } = this.#job;
    const device = this.#backend.name;
    const firstStep = this.#progress.step;
    return progressMeter({ totalSteps: this.#totalSteps, firstStep, earlier, device, events });
  }

  /** The weights of the last step, where they are asked for. */
  async #writeLast(): Promise<void> {
    if (this.#heldLast === undefined) return;
    const { model } = this.#learner;
    const weights = await this.#learner.withBestWeights(() => model.network.variables.read());
    const { step, history } = this.#progress;
    const metrics = metricsOf(history.at(-1)!, this.#data.validation.samples.length);
    writeTrained(this.#heldLast, { model, weights, origin: this.#origin({ step, metrics }) });
  }

  /** The best weights, with the decoder that reads with them from now on. */
  async #writeResult({ step, metrics, weights }: Best): Promise<SettledDecoder> {
    const { model } = this.#learner;
    model.network.variables.write(weights);
    const settled = await this.#settleDecoder({ decoder: model.decoder, metrics });
    const { decoder, languageModel } = settled;
    const origin = this.#origin({ step, metrics: settled.metrics });
    writeTrained(this.#held, { model: { ...model, decoder }, weights, origin, languageModel });
    writeFigures(this.#job.metrics, { ...settled.metrics, bestStep: step, steps: this.#progress.step });
    return settled;
  }

  /** Validations read greedily while weights are learnt: the decoder asked for reads the best of them. */
  async #settleDecoder(greedy: SettledDecoder): Promise<SettledDecoder> {
    const { settings, signal } = this.#job;
    if (!isGuided(settings.decoder)) return greedy;
    return settleDecoder(this.#learner.model, {
      params: settings.decoder,
      texts: this.#data.training.samples.map(({ text }) => text),
      validate: async (model) =>
        (await validate(model, this.#data.validation.samples, this.#data.loader, signal)).metrics,
      figureOf: (metrics) => monitoredOf(metrics, settings.train),
    });
  }

  #origin({ step, metrics }: Pick<Best, 'step' | 'metrics'>): ModelOrigin {
    const { seed } = this.#job.settings.train;
    const from = this.#from === undefined ? {} : { from: this.#from };
    const training = { dataId: this.#data.training.id, step, seed, backend: this.#backend.name, ...from };
    return { training, metrics: { ...metrics } };
  }

  /** Going on would end in the same way: what was learnt is kept beside the model, which stays as it was. */
  #withBestKept(error: OcrpipeError): OcrpipeError {
    const { best } = this.#progress;
    if (best === undefined) return error;
    return keepBest(this.#held, error, (kept) => {
      const { model } = this.#learner;
      writeTrained(kept, { model, weights: best.weights, origin: this.#origin(best) });
      return best.step;
    });
  }

  dispose(): void {
    this.#learner.dispose();
  }
}
