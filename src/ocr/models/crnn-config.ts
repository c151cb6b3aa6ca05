import { z } from 'zod';

const strides = [1, 2, 4, 8] as const;

const sizesSchema = z.strictObject({
  type: z.literal('crnn').default('crnn'),
  /** Height in pixels that every image is scaled to. */
  height: z.int().min(8).max(128).default(32),
  /** 1 reads grey, 3 reads red, green and blue. */
  channels: z.union([z.literal(1), z.literal(3)]).default(1),
  /** How an image meets the input: see `inputWidth`. */
  fit: z.enum(['pad', 'stretch', 'pad-then-squeeze']).default('pad'),
  /** Width in pixels; needed by `stretch` (exactly) and `pad-then-squeeze` (at most), refused with `pad`. */
  width: z.int().min(8).max(8192).optional(),
  /** Filters of each block of convolutions, from the image to the sequence; blocks enough for `widthStride`. */
  filters: z.array(z.int().min(1).max(1024)).min(1).max(8).default([32, 64, 128, 128]),
  /** 3x3 convolutions in each block. */
  convolutions: z.int().min(1).max(4).default(1),
  /** Pixels of width that one time step covers. */
  widthStride: z.union(strides.map((stride) => z.literal(stride))).default(4),
  /** Features of one time step, between convolutions and recurrent layers. */
  innerDim: z.int().min(8).max(2048).default(128),
  /** Units of each direction of each recurrent layer. */
  units: z.int().min(8).max(2048).default(128),
  /** Bidirectional recurrent layers, one on the other. */
  depth: z.int().min(1).max(6).default(1),
  /** Share of the features that training drops before each recurrent layer and before the output. */
  dropout: z.number().min(0).max(0.9).default(0.1),
});

/** `type: crnn`: a convolutional recurrent network with CTC. */
export const crnnConfigSchema = sizesSchema
  .refine(({ filters, widthStride }) => 2 ** filters.length >= widthStride, {
    path: ['filters'],
    error: ({ input }) => tooFewBlocks(input as z.infer<typeof sizesSchema>),
  })
  .refine(({ fit, width }) => fit !== 'pad' || width === undefined, {
    path: ['width'],
    error:
      "'fit: pad' keeps images as wide as they are; use 'fit: pad-then-squeeze' for a greatest width, or leave it out",
  });

/** Without a block for each halving, time steps would be fewer pixels wide than `widthStride` says. */
function tooFewBlocks({ filters, widthStride }: { filters: number[]; widthStride: number }): string {
  const needed = Math.log2(widthStride);
  const halvings = filters.length === 1 ? '1 block halves' : `${filters.length} blocks halve`;
  return `${halvings} the width only to ${2 ** filters.length} pixels a time step; 'widthStride: ${widthStride}' needs at least ${needed} blocks`;
}

export type CrnnConfig = z.infer<typeof crnnConfigSchema>;

/** What one block of convolutions does to the picture, in pixels of its own input and output. */
export interface BlockShape {
  filters: number;
  /** Heights before and after the block's pooling. */
  heightIn: number;
  heightOut: number;
  /** Input columns of the model that one column covers before and after pooling. */
  strideIn: number;
  strideOut: number;
}

/**
 * The pooling rule: a block halves the width until a column covers `widthStride` pixels, and halves the height while
 * that leaves at least two whole rows (24 -> 12 -> 6 -> 3, 32 -> 16 -> 8 -> 4 -> 2).
 */
export function blockShapes(config: CrnnConfig): BlockShape[] {
  const shapes: BlockShape[] = [];
  let height = config.height;
  let stride = 1;
  for (const filters of config.filters) {
    const heightOut = height >= 4 ? Math.floor(height / 2) : height;
    const strideOut = Math.min(stride * 2, config.widthStride);
    shapes.push({ filters, heightIn: height, heightOut, strideIn: stride, strideOut });
    height = heightOut;
    stride = strideOut;
  }
  return shapes;
}

/** Features of one column after the last block: its rows times its filters. */
export function columnFeatures(config: CrnnConfig): number {
  const last = blockShapes(config).at(-1)!;
  return last.heightOut * last.filters;
}
