/**
 * Reads images of text lines with a model that `ocrpipe model export --tfjs` wrote, in a browser or in any JavaScript that has
 * TensorFlow.js 4. It imports nothing: hand it the `tf` that your page has.
 *
 *   import { openReader } from './plate/reader.js';
 *   const reader = await openReader(tf, './plate/model.json');
 *   const { text, confidence } = await reader.read(imageData); // an ImageData: {data, width, height}
 */

/** Making smaller, output pixels see so many input pixels on each side, times the scale (Duchon 1979). */
const LANCZOS_SIZE = 3;

/** Loads a model; `source` is the address of its model.json, or an IOHandler of TensorFlow.js. */
export async function openReader(tf, source) {
  const model = await tf.loadGraphModel(source);
  return {
    /** What ocrpipe wrote about the model: alphabet, preprocessing, decoder, metrics. */
    about: model.metadata,
    read: (image) => read(tf, model, image),
    dispose: () => model.dispose(),
  };
}

/** The text of one image, RGBA bytes row by row as canvases give them, and how sure the model is (0 to 1). */
async function read(tf, model, image) {
  const { alphabet, preprocessing } = model.metadata;
  const { values, shape } = modelInput(image, preprocessing);
  const images = tf.tensor4d(values, shape);
  const logits = await model.executeAsync({ images });
  try {
    return greedyText(await logits.data(), alphabet);
  } finally {
    tf.dispose([images, logits]);
  }
}

/** The image as the model wants it: [1, height, width, channels], -1 black to 1 white, white on the right. */
export function modelInput(image, { colour, height, fit, width, widthMultiple }) {
  const size = targetSize(image, { height, fit, width });
  let planes = resized(onWhite(image), image, size);
  if (colour === 'grey') planes = [greyPlane(planes)];
  const framed = width === null ? size : { width, height };
  const wide = Math.ceil(framed.width / widthMultiple) * widthMultiple;
  const values = new Float32Array(height * wide * planes.length).fill(1);
  planes.forEach((plane, channel) => {
    for (let y = 0; y < size.height; y += 1)
      for (let x = 0; x < size.width; x += 1)
        values[(y * wide + x) * planes.length + channel] = plane[y * size.width + x] / 127.5 - 1;
  });
  return { values, shape: [1, height, wide, planes.length] };
}

/** The size of the image itself inside its frame. */
function targetSize(image, { height, fit, width }) {
  if (fit === 'stretch') return { width, height };
  const inProportion = Math.max(1, Math.round((image.width * height) / image.height));
  if (width === null || inProportion <= width) return { width: inProportion, height };
  if (fit === 'pad-then-squeeze') return { width, height };
  return { width, height: Math.max(1, Math.round((image.height * width) / image.width)) };
}

/** Red, green and blue apart, what is transparent standing on white. */
function onWhite({ data, width, height }) {
  return [0, 1, 2].map((channel) => {
    const plane = new Float32Array(width * height);
    for (let i = 0; i < plane.length; i += 1) {
      const alpha = data[4 * i + 3] / 255;
      plane[i] = Math.round(data[4 * i + channel] * alpha + 255 * (1 - alpha));
    }
    return plane;
  });
}

/** Luminance by the light that red, green and blue give (ITU-R BT.709), not by their encoded values. */
function greyPlane([red, green, blue]) {
  return red.map((_, i) => {
    const light = 0.2126 * toLight(red[i]) + 0.7152 * toLight(green[i]) + 0.0722 * toLight(blue[i]);
    return Math.round(fromLight(light));
  });
}

function toLight(value) {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

function fromLight(light) {
  return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);
}

/** Scales each plane, first its columns, then its rows, rounding to whole values after each: Lanczos down, cubic up. */
function resized(planes, from, to) {
  const down = filters(from.height, to.height);
  const across = filters(from.width, to.width);
  return planes.map((plane) => {
    const lower = new Float32Array(from.width * to.height);
    down.forEach(({ start, weights }, y) => {
      for (let x = 0; x < from.width; x += 1) {
        let sum = 0;
        for (let k = 0; k < weights.length; k += 1) sum += weights[k] * plane[(start + k) * from.width + x];
        lower[y * from.width + x] = toByte(sum);
      }
    });
    const result = new Float32Array(to.width * to.height);
    across.forEach(({ start, weights }, x) => {
      for (let y = 0; y < to.height; y += 1) {
        let sum = 0;
        for (let k = 0; k < weights.length; k += 1) sum += weights[k] * lower[y * from.width + start + k];
        result[y * to.width + x] = toByte(sum);
      }
    });
    return result;
  });
}

function toByte(value) {
  return Math.max(0, Math.min(255, Math.round(value)));
}

/** For each output pixel: the first input pixel that it sees, and the weights from there on, which add up to 1. */
function filters(inputs, outputs) {
  const scale = inputs / outputs;
  const kernel = scale < 1 ? { weight: cubic, size: 2 } : { weight: lanczos, size: LANCZOS_SIZE * scale };
  return Array.from({ length: outputs }, (_, index) => {
    // Making larger puts pixels by their corners, as libvips does: what models are trained with.
    const centre = scale < 1 ? index * scale - 0.5 : (index + 0.5) * scale - 0.5;
    const first = Math.ceil(centre - kernel.size);
    const last = Math.floor(centre + kernel.size);
    const start = Math.max(0, first);
    const weights = new Array(Math.min(inputs - 1, last) - start + 1).fill(0);
    // What lies beyond an edge is taken to look like the edge.
    for (let at = first; at <= last; at += 1) {
      const inside = Math.max(0, Math.min(inputs - 1, at));
      weights[inside - start] += kernel.weight((at - centre) / Math.max(1, scale));
    }
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { start, weights: weights.map((weight) => weight / total) };
  });
}

function lanczos(x) {
  if (x === 0) return 1;
  if (Math.abs(x) >= LANCZOS_SIZE) return 0;
  const angle = Math.PI * x;
  return (LANCZOS_SIZE * Math.sin(angle) * Math.sin(angle / LANCZOS_SIZE)) / (angle * angle);
}

/** Catmull and Rom 1974. */
function cubic(x) {
  const t = Math.abs(x);
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
}

/** Best class of each time step, repetitions merged, blanks (the last class) dropped. */
export function greedyText(logits, alphabet) {
  const classes = alphabet.length + 1;
  const steps = logits.length / classes;
  let text = '';
  let logProbability = 0;
  let previous = classes - 1;
  for (let step = 0; step < steps; step += 1) {
    const row = logits.subarray(step * classes, (step + 1) * classes);
    const best = row.reduce((most, value, place) => (value > row[most] ? place : most), 0);
    logProbability -= Math.log(row.reduce((sum, value) => sum + Math.exp(value - row[best]), 0));
    if (best !== previous && best < classes - 1) text += alphabet[best];
    previous = best;
  }
  return { text, confidence: Math.exp(logProbability / steps) };
}
