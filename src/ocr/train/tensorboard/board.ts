import { flattenJson } from '../../../base/flatten-json.js';
import type { JsonValue } from '../../../base/canonical-json.js';
import type { HistoryEntry } from '../history.js';
import type { StepResult } from '../learner.js';
import type { SampleReading } from '../sample-readings.js';
import type { TrainingSettings } from '../train-config.js';
import { openEventFile, type EventFolder } from './event-folder.js';
import { imageValue, parametersValue, scalarValue, textValue, type SummaryValue } from './events.js';
import { markdownCode, markdownTable } from './markdown.js';
import { MOST_WORST, type WorstLine } from './worst-lines.js';

/** As many points of a curve as TensorBoard shows. */
const MOST_POINTS = 1000;

/** One step of a training, once it is done. */
export interface DoneStep extends Pick<StepResult, 'loss' | 'gradientNorm'> {
  /** Steps that are done with it. */
  step: number;
  learningRate: number;
  images: number;
  /** From the moment when its batch was there. */
  ms: number;
}

/** What of a training TensorBoard shows. */
export interface Board {
  /** A batch was waited for so long. */
  waited(ms: number): void;
  stepped(done: DoneStep): void;
  validated(entry: HistoryEntry, readings: readonly SampleReading[], worst: readonly WorstLine[]): void;
  /** Summaries so far, which outlast a loss of power from now on. */
  saved(): number;
}

/** Shows nothing. */
export const noBoard: Board = {
  waited: () => undefined,
  stepped: () => undefined,
  validated: () => undefined,
  saved: () => 0,
};

/** What a board is opened with. */
export interface BoardOptions extends EventFolder {
  settings: TrainingSettings;
  /** Figures that are known before the first step, by what they are called. */
  about: Readonly<Record<string, number | string>>;
  totalSteps: number;
  /** Of the same training before it was stopped. */
  earlier: { summaries: number; history: readonly HistoryEntry[] };
}

/** Begins the events anew, with what an earlier part of the same training wrote until its last checkpoint. */
export function openBoard({ settings, about, totalSteps, earlier, ...folder }: BoardOptions): Board {
  const file = openEventFile(folder, earlier.summaries);
  const pointEvery = Math.ceil(totalSteps / MOST_POINTS);
  let since = { images: 0, waitedMs: 0, learntMs: 0 };
  if (!file.isContinued) {
    file.write(0, opening(settings, about));
    for (const entry of earlier.history) file.write(entry.step, validationScalars(entry));
  }
  return {
    waited(ms) {
      since.waitedMs += ms;
    },
    stepped({ step, images, ms, ...figures }) {
      since.images += images;
      since.learntMs += ms;
      if (step % pointEvery !== 0) return;
      file.write(step, [...stepScalars(figures), ...speedScalars(since)]);
      since = { images: 0, waitedMs: 0, learntMs: 0 };
    },
    validated(entry, readings, worst) {
      const values = [...validationScalars(entry), samplesText(readings), worstText(worst)];
      file.write(entry.step, [...values, ...worst.map(worstPicture)]);
    },
    saved() {
      file.flush();
      return file.count();
    },
  };
}

function opening(settings: TrainingSettings, about: BoardOptions['about']): SummaryValue[] {
  const rows = Object.entries(about).map(([name, value]) => [name, String(value)]);
  const text = `${markdownTable(['', ''], rows)}\n\n${markdownCode('json', JSON.stringify(settings, undefined, 2))}`;
  return [textValue('configuration', text), parametersValue(parametersOf(settings), Date.now() / 1000)];
}

/** Every parameter by its dotted name. */
function parametersOf(settings: TrainingSettings): Record<string, number | string | boolean> {
  const plain = JSON.parse(JSON.stringify(settings)) as JsonValue;
  const leaves = [...flattenJson(plain)].map(([name, value]) => {
    const isPlain = ['number', 'string', 'boolean'].includes(typeof value);
    return [name, isPlain ? value : JSON.stringify(value)];
  });
  return Object.fromEntries(leaves) as Record<string, number | string | boolean>;
}

function stepScalars(of: Pick<DoneStep, 'loss' | 'gradientNorm' | 'learningRate'>): SummaryValue[] {
  return [
    scalarValue('loss/step', of.loss),
    scalarValue('learning/rate', of.learningRate),
    scalarValue('learning/gradientNorm', of.gradientNorm),
  ];
}

function speedScalars(of: { images: number; waitedMs: number; learntMs: number }): SummaryValue[] {
  const ms = Math.max(1e-6, of.waitedMs + of.learntMs);
  return [
    scalarValue('speed/imagesPerSecond', (1000 * of.images) / ms),
    scalarValue('speed/waitShare', of.waitedMs / ms),
  ];
}

function validationScalars(entry: HistoryEntry): SummaryValue[] {
  return [
    scalarValue('loss/train', entry.loss),
    scalarValue('cer/train', entry.cer),
    scalarValue('cer/validation', entry.valCer),
    scalarValue('exact/train', entry.exact),
    scalarValue('exact/validation', entry.valExact),
    scalarValue('validation/levenshtein', entry.valLevenshtein),
    scalarValue('validation/charF1', entry.valCharF1),
    scalarValue('learning/epoch', entry.epoch),
  ];
}

function samplesText(readings: readonly SampleReading[]): SummaryValue {
  const rows = readings.map(({ image, expected, read }) => [image, expected, read]);
  return textValue('samples', markdownTable(['image', 'expected', 'read'], rows));
}

function worstText(worst: readonly WorstLine[]): SummaryValue {
  if (worst.length === 0) return textValue('worst', 'Every line was read without an error.');
  const rows = worst.map(({ image, expected, read, cer }, place) => [
    String(place + 1),
    image,
    expected,
    read,
    `${(100 * cer).toFixed(0)} %`,
  ]);
  return textValue('worst', markdownTable(['', 'image', 'expected', 'read', 'CER'], rows));
}

function worstPicture({ picture }: WorstLine, place: number): SummaryValue {
  const nth = place + 1;
  const description = `Line ${nth} of the ${MOST_WORST} with most errors in each validation. What it says and what was read stands under \`worst\` among the texts.`;
  return imageValue(`worst/${nth}`, picture, description);
}
