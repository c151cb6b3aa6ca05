import { z } from 'zod';
import {
  anyWidthKeys,
  convolutionsKey,
  depthKey,
  dropoutKey,
  enoughBlocks,
  filtersKey,
  inputKeys,
  noWidthWithPad,
  unitsKey,
  widthStrideKey,
} from './input-config.js';

/** Keys of the convolutions and recurrent layers that `crnn` and `attention` read columns with. */
export const columnKeys = {
  ...inputKeys,
  ...anyWidthKeys,
  /** Filters of each block of convolutions, from the image to the sequence; blocks enough for `widthStride`. */
  filters: filtersKey.default([32, 64, 128, 128]),
  /** 3x3 convolutions in each block. */
  convolutions: convolutionsKey.default(1),
  /** Pixels of width that one time step covers. */
  widthStride: widthStrideKey.default(4),
  /** Features of one time step, between convolutions and recurrent layers. */
  innerDim: unitsKey.default(128),
  /** Units of each direction of each recurrent layer. */
  units: unitsKey.default(128),
  /** Bidirectional recurrent layers, one on the other. */
  depth: depthKey.default(1),
  /** Share of the features that training drops before each recurrent layer and before the output. */
  dropout: dropoutKey,
};

/** `type: crnn`: a convolutional recurrent network with CTC. */
export const crnnConfigSchema = z
  .strictObject({
    type: z.literal('crnn').default('crnn'),
    ...columnKeys,
    /** What the recurrent layers are made of. */
    cell: z.enum(['gru', 'lstm']).default('gru'),
  })
  .refine(...enoughBlocks)
  .refine(...noWidthWithPad);

export type CrnnConfig = z.infer<typeof crnnConfigSchema>;
