import { noEvents, type EventSink } from '../../base/events.js';
import type { Sample } from '../formats/sample.js';
import { statingLine } from '../formats/stating-line.js';
import { loadImage } from '../images/load.js';
import { openReader, type DecoderChoice } from '../models/chosen-decoder.js';
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

/** Reads every sample with a saved model; one line a sample, in order. */
export async function readWithModel(
  samples: readonly Sample[],
  how: {
    model: string;
    /** The file that the samples come from, as it was typed: for messages. */
    source: string;
    backend?: BackendChoice;
    /** As the model says unless given. */
    decoder?: DecoderChoice | undefined;
    events?: EventSink;
    signal?: AbortSignal;
  },
): Promise<ModelReadings> {
  const { events = noEvents, signal } = how;
  await openBackend(how.backend);
  const recogniser = openReader(how.model, how.decoder);
  const key = 'read images';
  try {
    const options = readingOptions(recogniser);
    const readings = await recogniseAll(recogniser, {
      items: samples,
      load: (sample) => statingLine(sample, how.source, () => loadImage(sample.image, options)),
      onProgress: (done) => {
        events({ type: 'progress', key, done, total: samples.length, unit: 'files' });
      },
      ...(signal ? { signal } : {}),
    });
    const lines = samples.map(({ image, text }, index) => {
      const { text: prediction, confidence } = readings[index]!;
      return { image, text, prediction, confidence };
    });
    return { lines, unknown: unknownCharacters(samples, recogniser.alphabet.characters) };
  } finally {
    events({ type: 'progress-end', key });
    recogniser.network.dispose();
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
