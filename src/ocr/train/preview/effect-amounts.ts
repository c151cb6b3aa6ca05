import type { AugmentConfig, Effect, EffectName } from '../../images/augment-config.js';

/** How an amount of an effect is said, and one that is neither weak nor strong. */
interface Shown {
  what: string;
  say: (amount: number) => string;
  moderate: number;
  /** What stands before the most of it: 'up to', if nothing else. */
  before?: string;
  /** It changes colours: images of one channel have none. */
  colour?: true;
}

const round = (value: number): string => String(Number(value.toPrecision(3)));
const degrees = (amount: number): string => `${round(amount)}°`;
const pixels = (amount: number): string => `${round(amount)} px`;
const share =
  (of: string) =>
  (amount: number): string =>
    `${round(100 * amount)} %${of}`;
const levels = (amount: number): string => `${round(amount)} levels of 255`;

/** All effects, in the order in which they happen. */
export const SHOWN_EFFECTS: Readonly<Record<EffectName, Shown>> = {
  rotate: { what: 'turned', say: degrees, moderate: 3 },
  shear: { what: 'slanted', say: share(' of the height'), moderate: 0.3 },
  scale: { what: 'stretched or squeezed', say: share(''), moderate: 0.15 },
  shift: { what: 'cropped beside the line', say: share(' of the height'), moderate: 0.1 },
  perspective: { what: 'seen from the side', say: share(' smaller at one end'), moderate: 0.15 },
  elastic: { what: 'bent', say: share(' of the height'), moderate: 0.04 },
  stroke: { what: 'thicker or thinner strokes', say: share(' of a pixel'), moderate: 0.7 },
  background: { what: 'stained paper', say: share(' of the light'), moderate: 0.4 },
  shadow: { what: 'shadow', say: share(' of the light'), moderate: 0.4 },
  blur: { what: 'out of focus', say: pixels, moderate: 1 },
  motionBlur: { what: 'moved while it was taken', say: pixels, moderate: 4 },
  contrast: { what: 'more or less contrast', say: share(''), moderate: 0.4 },
  brightness: { what: 'lighter or darker', say: levels, moderate: 40 },
  hue: { what: 'other colours', say: degrees, moderate: 40, colour: true },
  saturation: { what: 'stronger or weaker colours', say: share(''), moderate: 0.6, colour: true },
  gray: { what: 'less colour', say: share(' of the colours taken away'), moderate: 1, colour: true },
  cutout: { what: 'a part covered', say: share(' of the height'), moderate: 0.4 },
  noise: { what: 'noise', say: levels, moderate: 20 },
  jpeg: {
    what: 'stored as JPEG',
    say: (amount) => `quality ${round(100 - amount)}`,
    before: 'down to',
    moderate: 80,
  },
};

/** An effect as params.yaml has it, in full. */
export function rangeOf(
  config: AugmentConfig,
  name: EffectName,
): { min: number; max: number; probability: number } {
  const effect: Effect = config[name];
  const {
    max,
    min = 0,
    probability = config.probability,
  } = typeof effect === 'number' ? { max: effect } : effect;
  return { min, max, probability };
}
