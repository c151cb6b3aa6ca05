import type { Plane } from './warp.js';

/** Gaussian blur with a standard deviation of `sigma` pixels; beyond the edge the edge's pixels go on. */
export function blur(image: Plane, sigma: number): Plane {
  const kernel = gaussian(sigma);
  return alongColumns(alongRows(image, kernel), kernel);
}

/** One side of a normalised Gaussian: the middle weight first. */
function gaussian(sigma: number): number[] {
  const reach = Math.max(1, Math.ceil(2.5 * sigma));
  const weights = Array.from({ length: reach + 1 }, (_, offset) =>
    Math.exp(-(offset ** 2) / (2 * sigma ** 2)),
  );
  const total = weights.reduce((sum, weight, offset) => sum + (offset === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / total);
}

function alongRows(image: Plane, kernel: readonly number[]): Plane {
  const { heightPx, widthPx, channels } = image;
  const lines = { count: heightPx, stride: widthPx * channels, inner: channels };
  return convolve(image, kernel, { ...lines, length: widthPx, step: channels });
}

function alongColumns(image: Plane, kernel: readonly number[]): Plane {
  const { heightPx, widthPx, channels } = image;
  const row = widthPx * channels;
  return convolve(image, kernel, { count: 1, stride: 0, inner: row, length: heightPx, step: row });
}

/** `count` groups of `inner` lines side by side, each of `length` samples that stand `step` apart. */
interface Lines {
  count: number;
  stride: number;
  inner: number;
  length: number;
  step: number;
}

function convolve(image: Plane, kernel: readonly number[], lines: Lines): Plane {
  const { data } = image;
  const out = new Float32Array(data.length);
  const last = lines.length - 1;
  for (let group = 0; group < lines.count; group += 1) {
    const start = group * lines.stride;
    for (let position = 0; position <= last; position += 1) {
      const target = start + position * lines.step;
      for (let offset = 0; offset < kernel.length; offset += 1) {
        const weight = offset === 0 ? kernel[0]! / 2 : kernel[offset]!;
        const before = start + Math.max(0, position - offset) * lines.step;
        const after = start + Math.min(last, position + offset) * lines.step;
        for (let inner = 0; inner < lines.inner; inner += 1) {
          out[target + inner]! += weight * (data[before + inner]! + data[after + inner]!);
        }
      }
    }
  }
  return { ...image, data: out };
}

/** Moves every pixel by `share` towards the darkest (`pick` Math.min) or lightest (Math.max) of its four neighbours. */
export function grow(image: Plane, pick: (a: number, b: number) => number, share: number): Plane {
  const { data, heightPx, widthPx, channels } = image;
  const out = new Float32Array(data.length);
  const row = widthPx * channels;
  for (let index = 0; index < data.length; index += 1) {
    const y = Math.floor(index / row);
    const inRow = index - y * row;
    const left = inRow >= channels ? channels : 0;
    const right = inRow < row - channels ? channels : 0;
    const up = y > 0 ? row : 0;
    const down = y < heightPx - 1 ? row : 0;
    const here = data[index]!;
    const sides = pick(data[index - left]!, data[index + right]!);
    const ends = pick(data[index - up]!, data[index + down]!);
    out[index] = here + share * (pick(here, pick(sides, ends)) - here);
  }
  return { ...image, data: out };
}
