import { noEvents, type EventSink } from '../../base/events.js';
import type { Sample } from '../formats/sample.js';
import { statingLine } from '../formats/stating-line.js';
import { loadImage } from '../images/load.js';
import { openReader, type DecoderChoice } from '../models/chosen-decoder.js';
import type { Recogniser } from '../models/recogniser.js';
import { readingOptions } from '../models/reading-limit.js';
import { openBackend, type BackendChoice } from '../nn/backend.js';
import { recogniseAll } from '../predict/recognise-all.js';
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

/** Reads every sample; one line a sample, in order. The first image that cannot be read ends it. */
export async function readSamplesWith(
  recogniser: Recogniser,
  samples: readonly Sample[],
  { source, events = noEvents, signal }: ReadingCall,
): Promise<ReadLine[]> {
  const key = 'read images';
  const options = readingOptions(recogniser);
  try {
    const readings = await recogniseAll(recogniser, {
      items: samples,
      load: (sample) => statingLine(sample, source, () => loadImage(sample.image, options)),
      onProgress: (done) => {
        events({ type: 'progress', key, done, total: samples.length, unit: 'files' });
      },
      ...(signal ? { signal } : {}),
    });
    return samples.map(({ image, text }, index) => {
      const { text: prediction, confidence } = readings[index]!;
      return { image, text, prediction, confidence };
    });
  } finally {
    events({ type: 'progress-end', key });
  }
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
