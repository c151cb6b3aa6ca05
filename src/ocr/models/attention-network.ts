import * as tf from '@tensorflow/tfjs-core';
import { OcrpipeError } from '../../base/errors.js';
import { randomFrom } from '../../base/random.js';
import type { PrefixGuide } from '../nn/prefix-guide.js';
import { sequenceLoss } from '../nn/sequence-loss.js';
import type { AttentionConfig } from './attention-config.js';
import { AttentionDecoder, type DecoderState, type Encoded } from './attention-decoder.js';
import { BeamSearch } from './beam-search.js';
import { ColumnEncoder } from './column-encoder.js';
import type { DecoderConfig } from './decoder.js';
import type { ImageBatch, LabelReading, Network, PassOptions, Scores, TrainingPass } from './network.js';
import { Pass } from './pass.js';
import { VariableStore, type VariableMaker } from './variables.js';

/** The layers of the network, apart from how it learns and reads. */
export function attentionLayers(
  store: VariableMaker,
  config: AttentionConfig,
  classes: number,
): { encoder: ColumnEncoder; decoder: AttentionDecoder } {
  return {
    encoder: new ColumnEncoder(store, { ...config, cell: 'gru' }),
    decoder: new AttentionDecoder(store, config, classes),
  };
}

/**
 * An encoder of columns and a decoder with attention. It learns from labels written with an end, being given the right
 * characters before (teacher forcing) or, by and by, some that it read itself (scheduled sampling, Bengio et al. 2015).
 */
export class AttentionNetwork implements Network {
  readonly variables: VariableStore;
  readonly #config: AttentionConfig;
  readonly #classes: number;
  readonly #encoder: ColumnEncoder;
  readonly #decoder: AttentionDecoder;

  /** `classes` counts the characters of the alphabet and the end of the text, the last. */
  constructor(config: AttentionConfig, classes: number, seed: number) {
    this.variables = new VariableStore(seed);
    this.#config = config;
    this.#classes = classes;
    const { encoder, decoder } = attentionLayers(this.variables, config, classes);
    this.#encoder = encoder;
    this.#decoder = decoder;
  }

  trainingLoss(batch: ImageBatch, labels: readonly ArrayLike<number>[], options: PassOptions): TrainingPass {
    const pass = new Pass(batch.images, { rate: this.#config.dropout, seed: options.seed });
    const encoded = this.#encode(batch, pass);
    const targets = labels.map((label) => [...Array.from(label), this.#end]);
    const readouts = this.#teach(encoded, targets, options);
    const scores = this.#decoder.logits(pass.drop(readouts));
    const smoothing = options.labelSmoothing ?? 0;
    return { loss: sequenceLoss(scores, { labels: targets, smoothing }), scores };
  }

  greedyReadings({ values, shape }: Scores): LabelReading[] {
    const [batch, time, classes] = shape;
    return Array.from({ length: batch }, (_, item) => {
      const search = new BeamSearch({ items: 1, beam: 1, end: this.#end, maxLength: time });
      for (let t = 0; t < time && !search.isDone; t += 1) {
        const row = (item * time + t) * classes;
        search.advance(values.subarray(row, row + classes), classes);
      }
      return search.best()[0]!;
    });
  }

  async read(batch: ImageBatch, decoder: DecoderConfig, guide?: PrefixGuide): Promise<LabelReading[]> {
    if (decoder.type !== 'attention') {
      throw new OcrpipeError('internal', `a network with attention cannot be read with ${decoder.type}`);
    }
    const { beam } = decoder;
    const items = batch.steps.length;
    const search = new BeamSearch({ items, beam, end: this.#end, maxLength: this.#maxLength, guide });
    const kept = tf.tidy(() => this.#encodeForBeam(batch, beam));
    let state = tf.tidy(() => this.#decoder.start(kept));
    try {
      while (!search.isDone) state = await this.#advance(search, state, kept);
      return search.best();
    } finally {
      tf.dispose([kept.values, kept.keys, state.state, state.readout]);
      kept.hidden?.dispose();
    }
  }

  dispose(): void {
    this.variables.dispose();
  }

  /** The class of the end of the text. The row behind it in the embedding is the start's. */
  get #end(): number {
    return this.#classes - 1;
  }

  get #maxLength(): number {
    return this.#config.maxLength ?? 1;
  }

  #encode(batch: ImageBatch, pass: Pass): Encoded {
    return this.#decoder.encode(pass.drop(this.#encoder.apply(batch, pass)), batch.steps);
  }

  /** Every item `beam` times, one after the other. */
  #encodeForBeam(batch: ImageBatch, beam: number): Encoded {
    const encoded = this.#encode(batch, new Pass(batch.images));
    if (beam === 1) return encoded;
    const rows = batch.steps.flatMap((_, item) => new Array<number>(beam).fill(item));
    const repeated = <T extends tf.Tensor>(x: T): T => tf.gather(x, tf.tensor1d(rows, 'int32'));
    const { values, keys, hidden } = encoded;
    return { values: repeated(values), keys: repeated(keys), hidden: hidden && repeated(hidden) };
  }

  /** One character more for every reading that is followed; frees the state before. */
  async #advance(search: BeamSearch, before: DecoderState, encoded: Encoded): Promise<DecoderState> {
    const { next, logits } = tf.tidy(() => {
      const given = this.#oneHot(search.characters(this.#classes));
      const after = this.#decoder.step(given, before, encoded);
      return { next: after, logits: this.#decoder.logits(after.readout) };
    });
    tf.dispose([before.state, before.readout]);
    try {
      const parents = search.advance(await logits.data<'float32'>(), this.#classes);
      if (parents.every((parent, row) => parent === row)) return next;
      const chosen = tf.tidy(() => {
        const rows = tf.tensor1d(parents, 'int32');
        return { state: tf.gather(next.state, rows), readout: tf.gather(next.readout, rows) };
      });
      tf.dispose([next.state, next.readout]);
      return chosen;
    } finally {
      logits.dispose();
    }
  }

  /** The readouts [batch, steps, decoderUnits] of a decoder that is told what stands before each step. */
  #teach(encoded: Encoded, targets: readonly number[][], { seed, step = 0 }: PassOptions): tf.Tensor3D {
    const steps = Math.max(...targets.map(({ length }) => length));
    const share = this.#samplingShare(step);
    let state = this.#decoder.start(encoded);
    const readouts: tf.Tensor2D[] = [];
    for (let t = 0; t < steps; t += 1) {
      const told = targets.map((target) => (t === 0 ? this.#classes : (target[t - 1] ?? this.#end)));
      const before = this.#oneHot(told);
      const given = t === 0 || share === 0 ? before : this.#sampled(before, state, { seed, share, t });
      state = this.#decoder.step(given, state, encoded);
      readouts.push(state.readout);
    }
    return tf.stack(readouts, 1) as tf.Tensor3D;
  }

  #samplingShare(step: number): number {
    const { scheduledSampling, samplingSteps } = this.#config;
    return samplingSteps === 0 ? scheduledSampling : scheduledSampling * Math.min(1, step / samplingSteps);
  }

  /** What is told, but for a drawn share of the items what the network itself read there. No gradient flows through that choice. */
  #sampled(
    told: tf.Tensor2D,
    { readout }: DecoderState,
    { seed, share, t }: { seed: number; share: number; t: number },
  ): tf.Tensor2D {
    const random = randomFrom(seed, 'sampling', t);
    const own = Array.from({ length: told.shape[0] }, () => (random.between(0, 1) < share ? 1 : 0));
    if (!own.includes(1)) return told;
    const read = tf.argMax(this.#decoder.logits(readout), 1);
    const hot = tf.cast(tf.oneHot(read as tf.Tensor1D, this.#classes + 1), 'float32');
    const choice = tf.tensor2d(own, [own.length, 1]);
    return tf.add(tf.mul(hot, choice), tf.mul(told, tf.sub(1, choice)));
  }

  #oneHot(classes: readonly number[]): tf.Tensor2D {
    const width = this.#classes + 1;
    const values = new Float32Array(classes.length * width);
    classes.forEach((value, row) => {
      values[row * width + value] = 1;
    });
    return tf.tensor2d(values, [classes.length, width]);
  }
}
