import { contentIdOf } from '../../base/content-id.js';
import type { PrefixGuide } from '../nn/prefix-guide.js';
import { CtcNetwork } from './ctc-network.js';
import { viewsOf, type DecoderConfig } from './decoder.js';
import type { ImageBatch, LabelReading, Network, PassOptions, Scores, TrainingPass } from './network.js';

/** Scores beyond this are computed each time. */
const REMEMBERED_BYTES = 256 * 2 ** 20;

/**
 * A network for reading the same images again and again by decoders that differ: what a network with CTC computed for a batch is kept, known by the
 * batch's content, and only decoded anew. Others stay as they are. For weights that do not change meanwhile.
 */
export function rememberingScores(network: Network, limitBytes = REMEMBERED_BYTES): Network {
  return network instanceof CtcNetwork ? new RememberedScores(network, limitBytes) : network;
}

class RememberedScores implements Network {
  readonly #network: CtcNetwork;
  readonly #scores = new Map<string, Scores>();
  #bytesLeft: number;

  constructor(network: CtcNetwork, limitBytes: number) {
    this.#network = network;
    this.#bytesLeft = limitBytes;
  }

  get variables(): Network['variables'] {
    return this.#network.variables;
  }

  trainingLoss(batch: ImageBatch, labels: readonly ArrayLike<number>[], options: PassOptions): TrainingPass {
    return this.#network.trainingLoss(batch, labels, options);
  }

  greedyReadings(scores: Scores): LabelReading[] {
    return this.#network.greedyReadings(scores);
  }

  async read(batch: ImageBatch, decoder: DecoderConfig, guide?: PrefixGuide): Promise<LabelReading[]> {
    return this.#network.decode(await this.#scoresOf(batch, viewsOf(decoder)), decoder, guide);
  }

  async #scoresOf(batch: ImageBatch, views: number): Promise<Scores> {
    const { buffer, byteOffset, byteLength } = await batch.images.data<'float32'>();
    const content = contentIdOf(new Uint8Array(buffer, byteOffset, byteLength));
    const key = JSON.stringify([content, batch.images.shape, batch.steps, views]);
    const known = this.#scores.get(key);
    if (known !== undefined) return known;
    const scores = await this.#network.score(batch, views);
    const bytes = scores.values.byteLength;
    if (bytes > this.#bytesLeft) return scores;
    this.#bytesLeft -= bytes;
    this.#scores.set(key, scores);
    return scores;
  }

  dispose(): void {
    this.#network.dispose();
  }
}
