import { z } from 'zod';
import { columnKeys } from './crnn-config.js';
import { enoughBlocks, noWidthWithPad, unitsKey } from './input-config.js';

/** `type: attention`: an encoder of columns and a decoder that writes one character after the other. */
export const attentionConfigSchema = z
  .strictObject({
    type: z.literal('attention'),
    ...columnKeys,
    /** How the decoder finds the columns to look at: additive (Bahdanau) or multiplicative (Luong) scores. */
    attention: z.enum(['bahdanau', 'luong']).default('bahdanau'),
    /** Units of the decoder's GRU, of its scores and of its readout. */
    decoderUnits: unitsKey.default(128),
    /** Features of a character that the decoder is given. */
    embeddingDim: unitsKey.default(64),
    /** Characters that are written at most; those of the longest training label if left out. */
    maxLength: z.int().min(1).max(4096).optional(),
    /** Share of the characters that training gives the decoder from its own reading in place of the label, at the most. */
    scheduledSampling: z.number().min(0).max(1).default(0.1),
    /** Steps in which that share rises from 0. */
    samplingSteps: z.int().min(0).default(2000),
  })
  .refine(...enoughBlocks)
  .refine(...noWidthWithPad);

export type AttentionConfig = z.infer<typeof attentionConfigSchema>;
