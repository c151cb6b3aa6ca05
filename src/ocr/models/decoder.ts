import { z } from 'zod';

/** How a network's scores become text: kept in `ocrpipe.json`. */
export const decoderSchema = z.discriminatedUnion('type', [
  /** The best class of each time step, repetitions merged, blanks dropped. */
  z.object({ type: z.literal('ctc-greedy') }),
  /** The most probable text with all its paths, of `beam` that are followed at once, together with what is known of texts. */
  z.object({
    type: z.literal('ctc-beam'),
    beam: z.int().min(1),
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

/** True if each step takes the best class, whatever is known of texts. */
export function isGreedy(decoder: DecoderConfig): boolean {
  if (decoder.type !== 'attention') return decoder.type === 'ctc-greedy';
  return decoder.beam === 1 && decoder.pattern === undefined;
}

/** How the same network is read greedily. */
export function greedyDecoder(decoder: DecoderConfig): DecoderConfig {
  return decoder.type === 'attention' ? { type: 'attention', beam: 1 } : { type: 'ctc-greedy' };
}
