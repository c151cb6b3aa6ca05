import { describe, expect, it } from 'vitest';
import { metricsOf, monitoredIn, monitoredOf } from '../../../src/ocr/train/monitor.js';

/** Of two validations the first has more lines exact, the second a lower CER. */
const past = [
  { valExact: 0.9, valCer: 0.05 },
  { valExact: 0.8, valCer: 0.02 },
].map((figures, index) => ({
  step: index + 1,
  epoch: 1,
  learningRate: 0.1,
  loss: 1,
  exact: 0,
  cer: 1,
  valLevenshtein: 1,
  valCharF1: 0.5,
  ...figures,
}));

describe('the figure that chooses the best weights', () => {
  it.each([
    ['valExact', 0],
    ['valCer', 1],
  ] as const)('is %s where it is asked for, and smaller is better', (monitor, best) => {
    const figures = monitoredIn(past, { monitor });
    expect(figures.indexOf(Math.min(...figures))).toBe(best);
    expect(past.map((entry) => monitoredOf(metricsOf(entry, 10), { monitor }))).toEqual(figures);
  });
});
