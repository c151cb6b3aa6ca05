import type { OcrpipeError } from '../../base/errors.js';
import { noEvents, type EventSink } from '../../base/events.js';
import type { Sample } from '../formats/sample.js';
import { statedLine } from '../formats/stating-line.js';
import { unreadableImages } from '../images/unreadable.js';
import { openReader, type DecoderChoice } from '../models/chosen-decoder.js';
import type { Recogniser } from '../models/recogniser.js';
import { readingOptions } from '../models/reading-limit.js';
import { openBackend, type BackendChoice } from '../nn/backend.js';
import { ImageReader } from '../predict/image-reader.js';
import { readInWindows } from '../predict/recognise-all.js';
import { supplyOf } from '../predict/supply.js';
import { characters } from '../text/code-points.js';
import type { ReadLine } from './scored-line.js';

export interface ModelReadings {
  readonly lines: readonly ReadLine[];
  /** Characters of the data that the model cannot write, each with its number of occurrences: they score as errors. */
  readonly unknown: readonly { character: string; count: number }[];
}

/** What surrounds a reading of samples. */
interface ReadingCall {
  /** The file that the samples come from, as it was typed: for messages. */
  source: string;
  events?: EventSink;
  signal?: AbortSignal;
}

/** Reads every sample with a saved model; one line a sample, in order. `decoder`: as the model says unless given. */
export async function readWithModel(
  samples: readonly Sample[],
  how: ReadingCall & { model: string; backend?: BackendChoice; decoder?: DecoderChoice | undefined },
): Promise<ModelReadings> {
  await openBackend(how.backend);
  const recogniser = openReader(how.model, how.decoder);
  try {
    const lines = await readSamplesWith(recogniser, samples, how);
    return { lines, unknown: unknownCharacters(samples, recogniser.alphabet.characters) };
  } finally {
    recogniser.network.dispose();
  }
}

/**
 * Reads every sample; one line a sample, in order. Where images cannot be read, all of them are looked for, none is read any more, and it throws
 * what `unreadableImages` makes of them.
 */
export async function readSamplesWith(
  recogniser: Recogniser,
  samples: readonly Sample[],
  { source, events = noEvents, signal }: ReadingCall,
): Promise<ReadLine[]> {
  const key = 'read images';
  const reader = new ImageReader(readingOptions(recogniser), { events, signal });
  const broken: OcrpipeError[] = [];
  const lines: ReadLine[] = [];
  const job = {
    supply: supplyOf(samples),
    load: async (group: readonly Sample[]) => {
      const named = group.map(({ image }) => ({ file: image, name: image }));
      const read = await reader.read(named);
      read.forEach((image, index) => {
        if (image instanceof Error) broken.push(statedLine(group[index]!, source, image));
      });
      return read.map((image) => (image instanceof Error || broken.length > 0 ? undefined : image));
    },
    onWait: () => {
      reader.hurry();
    },
    onProgress: (done: number) => {
      events({ type: 'progress', key, done, total: samples.length, unit: 'files' });
    },
    ...(signal ? { signal } : {}),
  };
  try {
    for await (const { items, readings } of readInWindows(recogniser, job)) {
      readings.forEach((reading, index) => {
        const { image, text } = items[index]!;
        if (reading) lines.push({ image, text, prediction: reading.text, confidence: reading.confidence });
      });
    }
  } finally {
    await reader.close();
    events({ type: 'progress-end', key });
  }
  if (broken.length > 0) throw unreadableImages(broken, samples.length);
  return lines;
}

function unknownCharacters(
  samples: readonly Sample[],
  known: readonly string[],
): { character: string; count: number }[] {
  const inModel = new Set(known);
  const counts = new Map<string, number>();
  for (const character of samples.flatMap(({ text }) => characters(text))) {
    if (!inModel.has(character)) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return [...counts].map(([character, count]) => ({ character, count })).sort((a, b) => b.count - a.count);
}
