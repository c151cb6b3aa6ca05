import { z } from 'zod';
import { viewsKey } from '../models/decoder.js';

/** Chosen on the validation part, or given. */
const weighed = (min: number, max: number) => z.union([z.literal('auto'), z.number().min(min).max(max)]);

/** How the trained model reads: the section `decoder` of params.yaml. Greedily, unless something here is given. */
export const decoderParamsSchema = z.strictObject({
  /** Texts that are followed at once; 10 with a pattern or a language model. */
  beam: z.int().min(1).max(1000).optional(),
  /** Regular expression that each whole text matches. */
  pattern: z.string().min(1).optional(),
  /** Views of each image, slightly moved, whose readings are averaged; 1 unless given. For models with CTC. */
  views: viewsKey,
  /** Learnt from the training labels. */
  languageModel: z
    .strictObject({
      /** Characters of an n-gram. */
      order: z.int().min(1).max(10).default(5),
      /** How much ln p(text) counts. */
      weight: weighed(0, 10).default('auto'),
      /** ln-score of each character. */
      bonus: weighed(-20, 20).default('auto'),
    })
    .optional(),
});

export type DecoderParams = z.infer<typeof decoderParamsSchema>;
