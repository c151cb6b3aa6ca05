import type { EventSink } from '../../base/events.js';
import { textScore, type TextScore } from '../text/metrics.js';
import type { StepResult } from './learner.js';
import type { TrainingBatch } from './training-batches.js';

/** Running figures over the training batches since the last flush. */
export interface RunningFigures {
  loss: number;
  exact: number;
  cer: number;
}

/** Adds up what the steps show and tells of it. */
export interface ProgressMeter {
  record(batch: TrainingBatch, result: StepResult): void;
  /** The figures since the last flush, which begin anew. */
  flush(): RunningFigures;
  end(): void;
}

/** Milliseconds between two progress events. */
const EVENT_INTERVAL_MS = 200;
const KEY = 'train';

export function progressMeter(options: {
  totalSteps: number;
  firstStep: number;
  events: EventSink;
}): ProgressMeter {
  const { totalSteps, firstStep, events } = options;
  const started = performance.now();
  let score: TextScore = textScore();
  let losses = 0;
  let steps = 0;
  let images = 0;
  let told = -Infinity;
  const figures = (): RunningFigures => {
    const { exact, cer } = score.metrics();
    return { loss: losses / Math.max(1, steps), exact, cer };
  };
  return {
    record(batch, result) {
      batch.samples.forEach(({ text }, item) => score.add(text, result.texts[item]!));
      losses += result.loss;
      steps += 1;
      images += batch.samples.length;
      const now = performance.now();
      if (now - told < EVENT_INTERVAL_MS) return;
      told = now;
      const done = batch.step + 1;
      const seconds = (now - started) / 1000;
      const left = (seconds / (done - firstStep)) * (totalSteps - done);
      const detail = describe({
        ...figures(),
        epoch: batch.epoch + 1,
        imagesPerSecond: images / seconds,
        left,
      });
      events({ type: 'progress', key: KEY, done, total: totalSteps, unit: 'steps', detail });
    },
    flush() {
      const result = figures();
      score = textScore();
      losses = 0;
      steps = 0;
      return result;
    },
    end() {
      events({ type: 'progress-end', key: KEY });
    },
  };
}

function describe(of: RunningFigures & { epoch: number; imagesPerSecond: number; left: number }): string {
  return [
    `epoch ${of.epoch}`,
    `loss ${of.loss.toFixed(3)}`,
    `CER ${(100 * of.cer).toFixed(1)} %`,
    `exact ${(100 * of.exact).toFixed(1)} %`,
    `${of.imagesPerSecond.toFixed(0)} images/s`,
    `${duration(of.left)} left`,
  ].join(', ');
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
