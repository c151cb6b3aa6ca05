import { z } from 'zod';

/** Most of an effect: a number, or a map with a probability of its own, a least amount, or both. 0 switches it off. */
function effect(most: number) {
  const amount = z.number().min(0).max(most);
  const range = z.strictObject({
    max: amount,
    /** It is never drawn with less. */
    min: amount.optional(),
    /** Instead of the common one. */
    probability: z.number().min(0).max(1).optional(),
  });
  const ordered = range.refine(({ min = 0, max }) => min <= max, {
    path: ['min'],
    error: "'min' is more than 'max'",
  });
  return z.union([amount, ordered]).default(0);
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
  /** How far parts of the picture are displaced against each other: the deviation, as a share of the height. */
  elastic: effect(0.2),
  /** Standard deviation of a Gaussian blur in pixels. */
  blur: effect(5),
  /** Pixels that the camera moves while it looks, in any direction. */
  motionBlur: effect(30),
  /** Standard deviation of grey noise in levels of 255. */
  noise: effect(100),
  /** Levels of 255, to either side. */
  brightness: effect(150),
  /** Share of the contrast, to either side. */
  contrast: effect(0.9),
  /** Degrees that the circle of hues is turned, to either side; with one channel nothing happens. */
  hue: effect(180),
  /** Share by which colours become stronger or weaker; with one channel nothing happens. */
  saturation: effect(1),
  /** Share of the colours that is taken away; with one channel nothing happens. */
  gray: effect(1),
  /** Thicker or thinner strokes by one pixel: the share of the full effect. */
  stroke: effect(1),
  /** Height and width of a rectangle of one grey, as a share of the height of the image. */
  cutout: effect(1),
  /** Stained and unevenly lit paper: the share of the light that is missing where it is darkest. */
  background: effect(1),
  /** A shadow with a straight edge: the share of the light that it takes. */
  shadow: effect(1),
  /** Quality that JPEG loses, of 100: 70 draws from qualities of 100 down to 30. */
  jpeg: effect(99),
});

export type AugmentConfig = z.infer<typeof augmentConfigSchema>;
export type EffectName = Exclude<keyof AugmentConfig, 'probability'>;
export type Effect = AugmentConfig[EffectName];
