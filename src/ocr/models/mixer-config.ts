import { z } from 'zod';
import {
  anyWidthKeys,
  depthKey,
  dropoutKey,
  enoughBlocks,
  filtersKey,
  inputKeys,
  noWidthWithPad,
  unitsKey,
  widthStrideKey,
} from './input-config.js';

/** Sides of a convolution that has a middle. */
const oddSize = z.union([3, 5, 7, 9, 11].map((size) => z.literal(size)));

/** `type: mixer`: depthwise-separable convolutions, then layers that mix time steps by convolution and attention, CTC. */
export const mixerConfigSchema = z
  .strictObject({
    type: z.literal('mixer'),
    ...inputKeys,
    ...anyWidthKeys,
    /** Filters of each stage of convolutions; stages enough for `widthStride`. */
    filters: filtersKey.default([24, 48, 96, 128]),
    /** Residual blocks in each stage. */
    blocks: z.array(z.int().min(0).max(16)).min(1).max(8).default([0, 1, 2, 2]),
    /** Side of the blocks' depthwise convolutions. */
    kernelSize: oddSize.default(5),
    /** Filters inside of a block for each outside. */
    expansion: z.int().min(1).max(8).default(2),
    /** Pixels of width that one time step covers. */
    widthStride: widthStrideKey.default(4),
    /** Features of one time step while steps are mixed; a multiple of `heads`. */
    innerDim: unitsKey.default(128),
    /** Mixing layers, one on the other. */
    depth: depthKey.default(2),
    /** Heads of the attention in each mixing layer. */
    heads: z.int().min(1).max(32).default(4),
    /** Time steps that the convolution in each mixing layer covers. */
    timeKernel: oddSize.default(7),
    /** Share of the features that training drops in each mixing layer and before the output. */
    dropout: dropoutKey,
  })
  .refine(...enoughBlocks)
  .refine(...noWidthWithPad)
  .refine(({ filters, blocks }) => filters.length === blocks.length, {
    path: ['blocks'],
    error: "it must have one number for each of 'filters'",
  })
  .refine(({ innerDim, heads }) => innerDim % heads === 0, {
    path: ['heads'],
    error: "'innerDim' must be a multiple of it",
  });

export type MixerConfig = z.infer<typeof mixerConfigSchema>;
