import { z } from 'zod';
import type { EventSink } from '../../base/events.js';
import { codePoints } from '../text/code-points.js';
import { codePointDistance } from '../text/edit-distance.js';
import type { StepResult } from './learner.js';
import type { TrainingBatch } from './training-batches.js';

/** Running figures over the training batches since the last flush. */
export interface RunningFigures {
  loss: number;
  exact: number;
  cer: number;
}

/** What has added up since the last flush; a checkpoint keeps it. */
export const runningSumsSchema = z.object({
  losses: z.number(),
  steps: z.int(),
  lines: z.int(),
  exact: z.int(),
  edits: z.int(),
  characters: z.int(),
});
export type RunningSums = z.infer<typeof runningSumsSchema>;
const NOTHING: RunningSums = { losses: 0, steps: 0, lines: 0, exact: 0, edits: 0, characters: 0 };

/** Adds up what the steps show and tells of it. */
export interface ProgressMeter {
  /** A batch was waited for so long. */
  waited(ms: number): void;
  /** One step, which took so long from the moment when its batch was there. */
  record(batch: TrainingBatch, result: StepResult, stepMs: number): void;
  /** Share of the time of waiting and learning that was spent waiting for batches, since the start. */
  waitShare(): number;
  sums(): RunningSums;
  /** The figures since the last flush, which begin anew. */
  flush(): RunningFigures;
  end(): void;
}

/** Milliseconds between two progress events. */
const EVENT_INTERVAL_MS = 200;
/** A smaller share of waiting for images is as good as none. */
const WORTH_TELLING = 0.05;
const KEY = 'train';

export function progressMeter(options: {
  totalSteps: number;
  firstStep: number;
  /** Of the same training before it was stopped. */
  earlier: RunningSums | undefined;
  /** What computes. */
  device: string;
  events: EventSink;
}): ProgressMeter {
  const { totalSteps, firstStep, device, events } = options;
  const started = performance.now();
  let sums = options.earlier ?? NOTHING;
  let images = 0;
  let told = -Infinity;
  let waitedMs = 0;
  let learntMs = 0;
  const waitShare = (): number => waitedMs / Math.max(1e-9, waitedMs + learntMs);
  return {
    waited(ms) {
      waitedMs += ms;
    },
    waitShare,
    record(batch, result, stepMs) {
      learntMs += stepMs;
      sums = added(sums, batch, result);
      images += batch.samples.length;
      const now = performance.now();
      if (now - told < EVENT_INTERVAL_MS) return;
      told = now;
      const done = batch.step + 1;
      const seconds = (now - started) / 1000;
      const left = (seconds / (done - firstStep)) * (totalSteps - done);
      const speed = { imagesPerSecond: images / seconds, left, waitShare: waitShare() };
      const detail = describe({ ...figures(sums), epoch: batch.epoch + 1, ...speed, device });
      events({ type: 'progress', key: KEY, done, total: totalSteps, unit: 'steps', detail });
    },
    sums: () => sums,
    flush() {
      const result = figures(sums);
      sums = NOTHING;
      return result;
    },
    end() {
      events({ type: 'progress-end', key: KEY });
    },
  };
}

function added(sums: RunningSums, { samples }: TrainingBatch, { loss, texts }: StepResult): RunningSums {
  const next = { ...sums, losses: sums.losses + loss, steps: sums.steps + 1 };
  samples.forEach(({ text }, item) => {
    const truth = codePoints(text);
    const edits = codePointDistance(truth, codePoints(texts[item]!));
    next.lines += 1;
    next.exact += edits === 0 ? 1 : 0;
    next.edits += edits;
    next.characters += truth.length;
  });
  return next;
}

function figures({ losses, steps, lines, exact, edits, characters }: RunningSums): RunningFigures {
  return {
    loss: losses / Math.max(1, steps),
    exact: exact / Math.max(1, lines),
    cer: edits / Math.max(1, characters),
  };
}

/** What a person wants to know first stands first: a narrow terminal cuts the rest. */
function describe(
  of: RunningFigures & {
    epoch: number;
    imagesPerSecond: number;
    left: number;
    waitShare: number;
    device: string;
  },
): string {
  const waiting =
    of.waitShare < WORTH_TELLING ? [] : [`${(100 * of.waitShare).toFixed(0)} % waiting for images`];
  return [
    `${duration(of.left)} left`,
    `CER ${(100 * of.cer).toFixed(1)} %`,
    `loss ${of.loss.toFixed(3)}`,
    `epoch ${of.epoch}`,
    `${of.imagesPerSecond.toFixed(0)} images/s`,
    ...waiting,
    of.device,
    `exact ${(100 * of.exact).toFixed(1)} %`,
  ].join(', ');
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (part: number): string => String(part % 60).padStart(2, '0');
  const [minutes, hours] = [Math.floor(whole / 60), Math.floor(whole / 3600)];
  if (hours > 0) return `${hours}:${two(minutes)}:${two(whole)}`;
  return minutes > 0 ? `${minutes}:${two(whole)}` : `${whole} s`;
}
