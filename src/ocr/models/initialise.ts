import type { Initialiser } from './variables.js';

export const zeros: Initialiser = (values) => {
  values.fill(0);
};

export const ones: Initialiser = (values) => {
  values.fill(1);
};

/** Normal with variance 2 / fan-in, for layers before a ReLU (He et al. 2015, "Delving deep into rectifiers"). */
export const heNormal: Initialiser = (values, shape, random) => {
  const fanIn = shape.slice(0, -1).reduce((product, side) => product * side, 1);
  const deviation = Math.sqrt(2 / fanIn);
  for (let index = 0; index < values.length; index += 1) values[index] = deviation * random.normal();
};

/** Normal with variance 1 / filter size, for convolutions of each channel alone: [height, width, channels, 1]. */
export const depthwiseNormal: Initialiser = (values, [height, width], random) => {
  const deviation = Math.sqrt(1 / (height! * width!));
  for (let index = 0; index < values.length; index += 1) values[index] = deviation * random.normal();
};

/** Uniform in +- sqrt(6 / (fan-in + fan-out)) (Glorot and Bengio 2010). */
export const glorotUniform: Initialiser = (values, shape, random) => {
  const fanOut = shape.at(-1) ?? 1;
  const fanIn = shape.slice(0, -1).reduce((product, side) => product * side, 1);
  fillUniform(values, Math.sqrt(6 / (fanIn + fanOut)), random);
};

/** Uniform in +- 1 / sqrt(units), as is usual for recurrent layers. */
export function recurrentUniform(units: number): Initialiser {
  return (values, _shape, random) => {
    fillUniform(values, 1 / Math.sqrt(units), random);
  };
}

/**
 * The bias of an LSTM of `units` cells in each direction: forget gates begin open, at 1 (Jozefowicz, Zaremba and Sutskever
 * 2015), so that gradients reach far from the first step on; the others at 0.
 */
export function lstmBias(units: number): Initialiser {
  return (values) => {
    for (let index = 0; index < values.length; index += 1)
      values[index] = Math.floor(index / units) % 4 === 1 ? 1 : 0;
  };
}

/**
 * A matrix that stretches or squeezes a row of positions to another length by linear interpolation: [positions, steps]. Training
 * begins with steps that stand in the order of the positions.
 */
export const interpolation: Initialiser = (values, [positions, steps]) => {
  for (let step = 0; step < steps!; step += 1) {
    const place = Math.min(positions! - 1, Math.max(0, ((step + 0.5) * positions!) / steps! - 0.5));
    const before = Math.floor(place);
    values[before * steps! + step] = 1 - (place - before);
    if (before + 1 < positions!) values[(before + 1) * steps! + step] = place - before;
  }
};

function fillUniform(
  values: Float32Array,
  limit: number,
  random: { between(low: number, high: number): number },
): void {
  for (let index = 0; index < values.length; index += 1) values[index] = random.between(-limit, limit);
}
