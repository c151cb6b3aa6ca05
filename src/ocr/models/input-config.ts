import { z } from 'zod';

const strides = [1, 2, 4, 8, 16] as const;

/** Keys of every type that say how an image meets the model; `width` is each type's own. */
export const inputKeys = {
  /** Height in pixels that every image is scaled to. */
  height: z.int().min(8).max(128).default(32),
  /** 1 reads grey, 3 reads red, green and blue. */
  channels: z.union([z.literal(1), z.literal(3)]).default(1),
};

/** How images of any width meet a model that takes them all. */
export const anyWidthKeys = {
  /** How an image meets the input: see `imageFit`. */
  fit: z.enum(['pad', 'stretch', 'pad-then-squeeze']).default('pad'),
  /** Width in pixels; needed by `stretch` (exactly) and `pad-then-squeeze` (at most), refused with `pad`. */
  width: z.int().min(8).max(8192).optional(),
};

/** Keys of the convolutions, with their own defaults in each type. */
export const filtersKey = z.array(z.int().min(1).max(1024)).min(1).max(8);
export const widthStrideKey = z.union(strides.map((stride) => z.literal(stride)));
export const convolutionsKey = z.int().min(1).max(4);
/** Units or features of a layer, and layers one on the other. */
export const unitsKey = z.int().min(8).max(2048);
export const depthKey = z.int().min(1).max(16);
export const dropoutKey = z.number().min(0).max(0.9).default(0.1);

interface Pooled {
  filters: number[];
  widthStride: number;
}

/** A rule over several keys: what `refine` of a schema takes. */
type Rule<T> = [
  (config: T) => boolean,
  { path: string[]; error: string | ((issue: { input?: unknown }) => string) },
];

/** Without a block for each halving, time steps would be fewer pixels wide than `widthStride` says. */
export const enoughBlocks: Rule<Pooled> = [
  ({ filters, widthStride }) => 2 ** filters.length >= widthStride,
  { path: ['filters'], error: ({ input }) => tooFewBlocks(input as Pooled) },
];

function tooFewBlocks({ filters, widthStride }: Pooled): string {
  const needed = Math.log2(widthStride);
  const halvings = filters.length === 1 ? '1 block halves' : `${filters.length} blocks halve`;
  return `${halvings} the width only to ${2 ** filters.length} pixels a time step; 'widthStride: ${widthStride}' needs at least ${needed} blocks`;
}

export const noWidthWithPad: Rule<{ fit: string; width?: number | undefined }> = [
  ({ fit, width }) => fit !== 'pad' || width === undefined,
  {
    path: ['width'],
    error:
      "'fit: pad' keeps images as wide as they are; use 'fit: pad-then-squeeze' for a greatest width, or leave it out",
  },
];
