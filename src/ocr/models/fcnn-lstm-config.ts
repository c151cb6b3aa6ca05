import { z } from 'zod';
import {
  convolutionsKey,
  depthKey,
  dropoutKey,
  enoughBlocks,
  filtersKey,
  inputKeys,
  unitsKey,
  widthStrideKey,
} from './input-config.js';

/** `type: fcnn-lstm`: convolutions over a picture of fixed size, its width mapped to a fixed number of steps, LSTMs, CTC. */
export const fcnnLstmConfigSchema = z
  .strictObject({
    type: z.literal('fcnn-lstm'),
    ...inputKeys,
    /** Width in pixels of every image. */
    width: z.int().min(8).max(8192),
    /** `stretch` scales to the width, `pad-then-squeeze` keeps the proportion of images that are not wider and adds white. */
    fit: z.enum(['stretch', 'pad-then-squeeze']).default('stretch'),
    /** Filters of each block of convolutions; blocks enough for `widthStride`. */
    filters: filtersKey.default([32, 64, 96, 128, 128]),
    /** 3x3 convolutions in each block. */
    convolutions: convolutionsKey.default(2),
    /** Pixels of width that one position covers after the last block. */
    widthStride: widthStrideKey.default(8),
    /** Time steps that the positions of the width are mapped to: at least those of the longest label. */
    outputLength: z.int().min(1).max(1024).default(32),
    /** Units of each direction of each LSTM. */
    units: unitsKey.default(128),
    /** LSTMs, one on the other. */
    depth: depthKey.default(2),
    /** False reads from left to right only. */
    bidirectional: z.boolean().default(true),
    /** Share of the features that training drops before each LSTM and before the output. */
    dropout: dropoutKey,
  })
  .refine(...enoughBlocks);

export type FcnnLstmConfig = z.infer<typeof fcnnLstmConfigSchema>;

/** Positions of the width after the last block. */
export function widthPositions({ width, widthStride }: FcnnLstmConfig): number {
  return Math.ceil(width / widthStride);
}
