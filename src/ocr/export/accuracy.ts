import type { EventSink } from '../../base/events.js';
import { evaluateLines } from '../evaluate/evaluation.js';
import { readSamplesWith } from '../evaluate/read-with-model.js';
import type { ReadLine } from '../evaluate/scored-line.js';
import type { Sample } from '../formats/sample.js';
import { openReader } from '../models/chosen-decoder.js';
import { greedyDecoder, isGreedy } from '../models/decoder.js';
import type { SavedWeights } from '../models/saved-weights.js';
import type { Encoding } from '../models/quantisation.js';
import type { TextMetrics } from '../text/metrics.js';
import { decodeWeights, encodeWeights } from '../models/weights-file.js';
import { openBackend, type BackendChoice } from '../nn/backend.js';

/** What smaller weights cost on labelled lines. */
export interface AccuracyLost {
  lines: number;
  before: Pick<TextMetrics, 'exact' | 'cer'>;
  after: Pick<TextMetrics, 'exact' | 'cer'>;
  /** Lines that are read differently now, better or worse. */
  changed: number;
  /** The smaller weights read greedily, as programs read the other forms; absent where `after` is that. */
  greedily?: Pick<TextMetrics, 'exact' | 'cer'>;
}

export interface AccuracyJob {
  samples: readonly Sample[];
  /** The file that the samples come from, as it was typed: for messages. */
  source: string;
  backend: BackendChoice;
  /** Measure greedy reading too. */
  greedily: boolean;
  events: EventSink;
  signal?: AbortSignal;
}

/** Reads the samples with the weights as they were saved, and as they are after `encoding`. */
export async function accuracyLost(
  { folder, weights }: SavedWeights,
  encoding: Encoding,
  job: AccuracyJob,
): Promise<AccuracyLost> {
  await openBackend(job.backend);
  const recogniser = openReader(folder, undefined);
  try {
    const before = await readSamplesWith(recogniser, job.samples, job);
    const { bytes, tensors } = encodeWeights(weights, encoding);
    recogniser.network.variables.write(decodeWeights(bytes, tensors));
    const after = await readSamplesWith(recogniser, job.samples, job);
    const changed = before.filter(({ prediction }, index) => prediction !== after[index]!.prediction).length;
    const result = { lines: before.length, before: figures(before), after: figures(after), changed };
    if (!job.greedily || isGreedy(recogniser.decoder)) return result;
    const greedy = { ...recogniser, decoder: greedyDecoder(recogniser.decoder), guide: undefined };
    return { ...result, greedily: figures(await readSamplesWith(greedy, job.samples, job)) };
  } finally {
    recogniser.network.dispose();
  }
}

function figures(lines: readonly ReadLine[]): AccuracyLost['before'] {
  const { exact, cer } = evaluateLines(lines).metrics;
  return { exact, cer };
}
