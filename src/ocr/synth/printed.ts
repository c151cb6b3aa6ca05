import type { Random } from '../../base/random.js';
import { blur } from '../images/filters.js';
import { clamp, type Plane } from '../images/warp.js';

/** The normal distribution's cumulative function is the logistic one at this factor, within 0.01. */
const LOGISTIC = 1.702;
/** Paper and type are uneven: standard deviation of the coverage at an edge, and how many pixels are alike. */
const UNEVEN = 0.06;
const GRAIN_PX = 0.8;
/** Even chances between these have a standard deviation of 1; blurred, they are all but normal. */
const EVEN = Math.sqrt(3);

/**
 * Ink as a press leaves it and a scanner's threshold sees it: spread by `spreadPx` pixels beyond the outlines, so that corners are rounded
 * and small counters close, with edges that are rough and one pixel wide. Takes and gives the coverage, 0 to 255.
 *
 * The coverage is blurred and cut at the level that a straight edge has at that distance.
 */
export function printed(ink: Plane, spreadPx: number, random: Random): Plane {
  const sigma = Math.max(0.6, 0.8 * spreadPx);
  const level = 1 / (1 + Math.exp((LOGISTIC * spreadPx) / sigma));
  // A pixel further the coverage of a straight edge is so much lower.
  const slope = (LOGISTIC * level * (1 - level)) / sigma;
  // An edge is a pixel wide, or less if bare paper would be grey otherwise.
  const gain = Math.max(1 / slope, 0.5 / level);
  const soft = blur(ink, sigma);
  const uneven = blur({ ...ink, data: ink.data.map(() => random.between(-EVEN, EVEN)) }, GRAIN_PX);
  const data = soft.data.map((value, index) => {
    const above = value / 255 - level + UNEVEN * uneven.data[index]! * Math.min(1, value / 16);
    return clamp(255 * (0.5 + above * gain), 255);
  });
  return { ...ink, data };
}
