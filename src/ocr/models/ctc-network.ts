import * as tf from '@tensorflow/tfjs-core';
import { OcrpipeError } from '../../base/errors.js';
import { ctcBeamDecode } from '../nn/ctc-beam.js';
import { ctcGreedyDecode } from '../nn/ctc-decode.js';
import { ctcLoss } from '../nn/ctc-loss.js';
import type { PrefixGuide } from '../nn/prefix-guide.js';
import { viewsOf, type DecoderConfig } from './decoder.js';
import type { ImageBatch, LabelReading, Network, PassOptions, Scores, TrainingPass } from './network.js';
import { scoresOverViews } from './scores-over-views.js';
import type { VariableStore } from './variables.js';

/** What a CTC network computes below its head: logits [batch, time, classes], the blank's last; beyond an image's steps they mean nothing. */
export interface SequenceModel {
  /** With batch statistics, and dropout drawn from `seed`. */
  train(batch: ImageBatch, seed: number): tf.Tensor3D;
  /** With moving averages and no dropout. */
  read(batch: ImageBatch): tf.Tensor3D;
}

/**
 * A network that emits at each time step a character or nothing, learnt without knowing where characters stand: connectionist
 * temporal classification (Graves et al. 2006). The head of every model that reads by time steps.
 */
export class CtcNetwork implements Network {
  readonly variables: VariableStore;
  readonly body: SequenceModel;

  /** `variables` are those of `body`. */
  constructor(variables: VariableStore, body: SequenceModel) {
    this.variables = variables;
    this.body = body;
  }

  trainingLoss(batch: ImageBatch, labels: readonly ArrayLike<number>[], { seed }: PassOptions): TrainingPass {
    const scores = this.body.train(batch, seed);
    return { loss: ctcLoss(scores, { labels, logitLengths: batch.steps }).loss as tf.Scalar, scores };
  }

  greedyReadings(scores: Scores): LabelReading[] {
    return decodeCtc(scores, { type: 'ctc-greedy' });
  }

  async read(batch: ImageBatch, decoder: DecoderConfig, guide?: PrefixGuide): Promise<LabelReading[]> {
    return this.decode(await this.score(batch, viewsOf(decoder)), decoder, guide);
  }

  /** What `decode` reads: the scores of a batch, or those of `views` views of it together. */
  score(batch: ImageBatch, views: number): Promise<Scores> {
    return views > 1 ? scoresOverViews(batch, views, (seen) => this.#scores(seen)) : this.#scores(batch);
  }

  /** The readings in scores. */
  decode(scores: Scores, decoder: DecoderConfig, guide?: PrefixGuide): LabelReading[] {
    return decodeCtc(scores, decoder, guide);
  }

  async #scores(batch: ImageBatch): Promise<Scores> {
    const logits = tf.tidy(() => this.body.read(batch));
    try {
      return { values: await logits.data<'float32'>(), shape: logits.shape, steps: batch.steps };
    } finally {
      logits.dispose();
    }
  }

  dispose(): void {
    this.variables.dispose();
  }
}

/** The readings of CTC scores, the blank being the last class. */
function decodeCtc(
  { values, shape, steps }: Scores,
  decoder: DecoderConfig,
  guide?: PrefixGuide,
): LabelReading[] {
  if (decoder.type === 'attention') {
    throw new OcrpipeError('internal', 'a network with CTC cannot be read with the decoder of attention');
  }
  const [batch, time, classes] = shape;
  const outputs = { logits: values, batch, time, classes, logitLengths: steps };
  const paths =
    decoder.type === 'ctc-greedy'
      ? ctcGreedyDecode(outputs)
      : ctcBeamDecode(outputs, { beam: decoder.beam, guide });
  return paths.map(({ labels, confidences, frames, logProbability }, item) => ({
    labels,
    confidences,
    steps: frames,
    confidence: Math.exp(logProbability / steps[item]!),
  }));
}
