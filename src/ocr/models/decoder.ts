import { z } from 'zod';

/** How a network's scores become text: kept in `ocrpipe.json`. */
export const decoderSchema = z.discriminatedUnion('type', [
  /** The best class of each time step, repetitions merged, blanks dropped. */
  z.object({ type: z.literal('ctc-greedy') }),
  /** One character after the other, each given those before it; `beam` texts are followed at once, 1 takes the best always. */
  z.object({ type: z.literal('attention'), beam: z.int().min(1) }),
]);

export type DecoderConfig = z.infer<typeof decoderSchema>;
