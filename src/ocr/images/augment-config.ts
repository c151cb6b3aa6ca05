import { z } from 'zod';

/** Most of an effect: a number, or with a probability of its own. 0 switches it off. */
function effect(most: number) {
  const max = z.number().min(0).max(most);
  return z.union([max, z.strictObject({ max, probability: z.number().min(0).max(1) })]).default(0);
}

/** How training varies its images: the section `augment` of params.yaml. Every amount is drawn evenly up to its most. */
export const augmentConfigSchema = z.strictObject({
  /** How likely each effect is, where it does not say itself. */
  probability: z.number().min(0).max(1).default(0.5),
  /** Degrees, to either side; less on long lines, whose ends would leave the picture. */
  rotate: effect(45),
  /** Sideways shift of the top against the bottom, as a share of the height. */
  shear: effect(1),
  /** Larger or smaller by up to this share, width and height each on its own. */
  scale: effect(0.5),
  /** Up, down, left and right, as a share of the height: what careless cropping does. */
  shift: effect(0.5),
  /** How much smaller one end or edge may be than its opposite, as a share. */
  perspective: effect(0.5),
  /** Standard deviation of a Gaussian blur in pixels. */
  blur: effect(5),
  /** Standard deviation of grey noise in levels of 255. */
  noise: effect(100),
  /** Levels of 255, to either side. */
  brightness: effect(150),
  /** Share of the contrast, to either side. */
  contrast: effect(0.9),
  /** Thicker or thinner strokes by one pixel: the share of the full effect. */
  stroke: effect(1),
  /** Height and width of a rectangle of one grey, as a share of the height of the image. */
  cutout: effect(1),
});

export type AugmentConfig = z.infer<typeof augmentConfigSchema>;
export type Effect = number | { max: number; probability: number };
