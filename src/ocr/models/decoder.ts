import { z } from 'zod';
import { MOST_VIEWS } from './views.js';

/** Views of each image whose probabilities are averaged, see `scoresOverViews`; one, the image as it is, unless given. */
export const viewsKey = z.int().min(1).max(MOST_VIEWS).optional();

/** How a network's scores become text: kept in `ocrpipe.json`. */
export const decoderSchema = z.discriminatedUnion('type', [
  /** The best class of each time step, repetitions merged, blanks dropped. */
  z.object({ type: z.literal('ctc-greedy'), views: viewsKey }),
  /** The most probable text with all its paths, of `beam` that are followed at once, together with what is known of texts. */
  z.object({
    type: z.literal('ctc-beam'),
    beam: z.int().min(1),
    views: viewsKey,
    /** What whole texts match; see `parsePattern`. */
    pattern: z.string().optional(),
    /** A file beside the weights, and how much it counts: `weight` · ln p(text), and `bonus` for each character. */
    languageModel: z
      .object({ file: z.string(), id: z.string(), weight: z.number(), bonus: z.number() })
      .optional(),
  }),
  /** One character after the other, each given those before it; `beam` texts are followed at once, 1 takes the best always. */
  z.object({
    type: z.literal('attention'),
    beam: z.int().min(1),
    /** As for CTC. */
    pattern: z.string().optional(),
  }),
]);

export type DecoderConfig = z.infer<typeof decoderSchema>;

/** Views that each image is read in. */
export function viewsOf(decoder: DecoderConfig): number {
  return decoder.type === 'attention' ? 1 : (decoder.views ?? 1);
}

/** True if each step of the image as it is takes the best class, whatever is known of texts. */
export function isGreedy(decoder: DecoderConfig): boolean {
  if (decoder.type !== 'attention') return decoder.type === 'ctc-greedy' && viewsOf(decoder) === 1;
  return decoder.beam === 1 && decoder.pattern === undefined;
}

/** How the same network is read greedily. */
export function greedyDecoder(decoder: DecoderConfig): DecoderConfig {
  return decoder.type === 'attention' ? { type: 'attention', beam: 1 } : { type: 'ctc-greedy' };
}
