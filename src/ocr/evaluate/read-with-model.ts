import type { OcrpipeError } from '../../base/errors.js';
import { noEvents, type EventSink } from '../../base/events.js';
import type { Sample } from '../formats/sample.js';
import { statedLine } from '../formats/stating-line.js';
import { unreadableImages } from '../images/unreadable.js';
import type { DecoderChoice } from '../models/chosen-decoder.js';
import type { Recogniser } from '../models/recogniser.js';
import { openBackend, type BackendChoice } from '../nn/backend.js';
import { modelReader, openLineReader, type LineReader } from '../predict/line-reader.js';
import { readInWindows } from '../predict/recognise-all.js';
import { SizedImageReader } from '../predict/sized-image-reader.js';
import { supplyOf } from '../predict/supply.js';
import { characters } from '../text/code-points.js';
import type { ReadLine } from './scored-line.js';

export interface ModelReadings {
  readonly lines: readonly ReadLine[];
  /** Characters of the data that no model can write, each with its number of occurrences: they score as errors. */
  readonly unknown: readonly { character: string; count: number }[];
}

/** What surrounds a reading of samples. */
interface ReadingCall {
  /** The file that the samples come from, as it was typed: for messages. */
  source: string;
  events?: EventSink;
  signal?: AbortSignal;
}

/** Reads every sample with a saved model, or several together; one line a sample, in order. `decoder`: as the models say unless given. */
export async function readWithModel(
  samples: readonly Sample[],
  how: ReadingCall & {
    models: readonly string[];
    backend?: BackendChoice;
    decoder?: DecoderChoice | undefined;
  },
): Promise<ModelReadings> {
  await openBackend(how.backend);
  const { reader, close } = openLineReader(how.models, how.decoder);
  try {
    const lines = await readLines(reader, samples, how);
    return { lines, unknown: unknownCharacters(samples, reader.characters) };
  } finally {
    close();
  }
}

/** The same with an open model, on the backend that is open. */
export function readSamplesWith(
  model: Recogniser,
  samples: readonly Sample[],
  call: ReadingCall,
): Promise<ReadLine[]> {
  return readLines(modelReader(model), samples, call);
}

/**
 * Reads every sample; one line a sample, in order. Where images cannot be read, all of them are looked for, none is read any more, and it throws
 * what `unreadableImages` makes of them.
 */
async function readLines(
  lineReader: LineReader,
  samples: readonly Sample[],
  { source, events = noEvents, signal }: ReadingCall,
): Promise<ReadLine[]> {
  const key = 'read images';
  const reader = new SizedImageReader(lineReader.sizes, { events, signal });
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
    for await (const { items, readings } of readInWindows(lineReader, job)) {
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
