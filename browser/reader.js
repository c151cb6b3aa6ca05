/**
 * Reads images of text lines with a model that `ocrpipe model export --tfjs` wrote, in a browser or in any JavaScript that has
 * TensorFlow.js 4. It imports nothing: hand it the `tf` that your page has.
 *
 *   import { openReader } from './plate/reader.js';
 *   const reader = await openReader(tf, './plate/model.json');
 *   const { text, confidence } = await reader.read(imageData); // an ImageData: {data, width, height}
 */

/** Making smaller, output pixels see so many input pixels on each side, times the scale. */
const LANCZOS_SIZE = 3;
/** Places between pixels are rounded to such parts of one, weights of pixels cut to such parts of 1. */
const POSITIONS = 64;
const PARTS = 4096;

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
  const { alphabet, preprocessing, model: network } = model.metadata;
  const { values, shape } = modelInput(image, preprocessing);
  const images = tf.tensor4d(values, shape);
  // All but this one have loops, which only the asynchronous way can run.
  const logits = network.type === 'mixer' ? model.execute({ images }) : await model.executeAsync({ images });
  try {
    const scores = await logits.data();
    return network.type === 'attention' ? writtenText(scores, alphabet) : greedyText(scores, alphabet);
  } finally {
    tf.dispose([images, logits]);
  }
}

/** The image as the model wants it: [1, height, width, channels], -1 black to 1 white, white on the right. */
function modelInput(image, { colour, height, fit, width, widthMultiple }) {
  const size = targetSize(image, { height, fit, width });
  let planes = onWhite(image).map((plane) => resized(plane, image, size));
  if (colour === 'grey') planes = [greyPlane(planes)];
  const wide = Math.ceil((width ?? size.width) / widthMultiple) * widthMultiple;
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
  const inProportion = Math.max(1, Math.round((image.width * height) / image.height));
  const isFixed = fit === 'stretch' || (fit === 'pad-then-squeeze' && inProportion > width);
  return { width: isFixed ? width : inProportion, height };
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
  const levels = Array.from({ length: 256 }, (_, light) => Math.round(fromLight(light / 255)));
  return red.map((_, i) => {
    const light = 255 * (0.2126 * toLight(red[i]) + 0.7152 * toLight(green[i]) + 0.0722 * toLight(blue[i]));
    const below = Math.floor(light);
    const above = Math.min(255, below + 1);
    return Math.round(levels[below] + (levels[above] - levels[below]) * (light - below));
  });
}

function toLight(value) {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

function fromLight(light) {
  return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);
}

/*
 * Scaling as libvips does it, bit for bit: it computes in whole numbers, models are trained with it, and canvases scale otherwise. First
 * the height becomes smaller, then the width, and then both become larger, if they are to.
 */

/** A plane of `from` as one of `to`. */
function resized(plane, from, to) {
  let x = { plane, width: from.width, height: from.height };
  if (to.height < x.height) x = turned(smaller(turned(x), to.height));
  if (to.width < x.width) x = smaller(x, to.width);
  return x.width < to.width || x.height < to.height ? larger(x, to).plane : x.plane;
}

/** Rows become columns. */
function turned({ plane, width, height }) {
  const result = new Float32Array(plane.length);
  plane.forEach((value, i) => (result[(i % width) * height + Math.floor(i / width)] = value));
  return { plane: result, width: height, height: width };
}

/** Each row made so many pixels wide: whole pixels put together while it is more than twice too wide, then Lanczos. */
function smaller(image, outputs) {
  const scale = image.width / outputs;
  const together = Math.max(1, Math.floor(scale / 2));
  const near = together === 1 ? image : averaged(image, together);
  const rest = scale / together;
  const centres = Array.from({ length: outputs }, (_, x) => (x + 0.5) * rest - 0.5);
  return bytes(filtered(near, centres, { kernel: lanczos, reach: LANCZOS_SIZE, scale: rest }));
}

function averaged({ plane, width, height }, together) {
  const outputs = Math.ceil(width / together);
  const result = new Float32Array(outputs * height);
  const share = Math.floor(2 ** 24 / together);
  for (let i = 0; i < result.length; i += 1) {
    const [row, first] = [Math.floor(i / outputs) * width, (i % outputs) * together];
    let sum = together >> 1;
    for (let x = first; x < first + together; x += 1) sum += plane[row + Math.min(width - 1, x)];
    result[i] = Math.floor((sum * share) / 2 ** 24);
  }
  return { plane: result, width: outputs, height };
}

/** Both sides at once, by cubic filters; pixels are put by their corners. What is cut to bytes is the result alone. */
function larger(image, to) {
  const cubicTo = (of, outputs) => {
    const scale = Math.min(1, of.width / outputs);
    const centres = Array.from({ length: outputs }, (_, x) => x * scale - 0.5);
    return filtered(of, centres, { kernel: cubic, reach: 2, scale: 1 });
  };
  return bytes(turned(cubicTo(turned(cubicTo(image, to.width)), to.height)));
}

/** Each row seen at some places of it, by a filter of `reach` pixels on each side, times `scale`; rounded. */
function filtered({ plane, width, height }, centres, { kernel, reach, scale }) {
  const result = new Float32Array(centres.length * height);
  centres.forEach((exact, x) => {
    const centre = Math.round(exact * POSITIONS) / POSITIONS;
    const first = Math.ceil(centre - reach * scale);
    const last = Math.floor(centre + reach * scale);
    const raw = Array.from({ length: last - first + 1 }, (_, k) => kernel((first + k - centre) / scale));
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    const weights = raw.map((weight) => Math.trunc((weight / total) * PARTS) / PARTS);
    for (let y = 0; y < height; y += 1) {
      let sum = 0;
      // What lies beyond an edge is taken to look like the edge.
      weights.forEach((weight, k) => {
        sum += weight * plane[y * width + Math.max(0, Math.min(width - 1, first + k))];
      });
      result[y * centres.length + x] = Math.round(sum);
    }
  });
  return { plane: result, width: centres.length, height };
}

function bytes({ plane, ...size }) {
  return { plane: plane.map((value) => Math.max(0, Math.min(255, value))), ...size };
}

/** Duchon 1979. */
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
function greedyText(logits, alphabet) {
  const blank = alphabet.length;
  const steps = bestClasses(logits, blank + 1);
  let text = '';
  let logProbability = 0;
  let previous = blank;
  for (const { best, logProbability: own } of steps) {
    logProbability += own;
    if (best !== previous && best !== blank) text += alphabet[best];
    previous = best;
  }
  return { text, confidence: Math.exp(logProbability / steps.length) };
}

/** Best class of each step up to the end of the text (the last class). */
function writtenText(logits, alphabet) {
  const end = alphabet.length;
  const steps = bestClasses(logits, end + 1);
  const length = steps.findIndex(({ best }) => best === end);
  const written = length < 0 ? steps : steps.slice(0, length + 1); // with its end
  const logProbability = written.reduce((sum, step) => sum + step.logProbability, 0);
  const text = written.map(({ best }) => alphabet[best] ?? '').join('');
  return { text, confidence: Math.exp(logProbability / written.length) };
}

/** The best class of each step, and the logarithm of its probability. */
function bestClasses(logits, classes) {
  return Array.from({ length: logits.length / classes }, (_, step) => {
    const row = logits.subarray(step * classes, (step + 1) * classes);
    const best = row.reduce((most, value, place) => (value > row[most] ? place : most), 0);
    const logProbability = -Math.log(row.reduce((sum, value) => sum + Math.exp(value - row[best]), 0));
    return { best, logProbability };
  });
}
