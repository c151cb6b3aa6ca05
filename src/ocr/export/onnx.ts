import type { Encoding } from '../models/quantisation.js';
import type { LayerGraph } from './layer-graph.js';
import { IMAGES, LOGITS, STEPS, writeOnnxLayers } from './onnx-layers.js';
import { OnnxModel, type OnnxAbout, type Port } from './onnx-model.js';

/**
 * A network as an ONNX file. Inputs: `images` [batch, channels, height, width], -1 black to 1 white, white up to each image's
 * own whole steps and 0 beyond; `steps` [batch], the time steps of each image, unless all images are of one width. Output: `logits`
 * [batch, time, classes]; what stands beyond an image's steps means nothing. Batch and width are free.
 */
export function onnxFile(
  graph: LayerGraph,
  encoding: Encoding,
  about: Omit<OnnxAbout, 'description'>,
): Buffer {
  const [first] = graph.layers;
  if (first?.op !== 'images') throw new TypeError('a graph begins with its images');
  const model = new OnnxModel(encoding);
  writeOnnxLayers(model, graph);
  const { channels, height, width = 'width' } = first;
  const images: Port = {
    name: IMAGES,
    type: 'float32',
    shape: ['batch', channels, height, width],
    about: 'Images of text lines: -1 black to 1 white, filled up with white to whole steps, with 0 beyond.',
  };
  const steps: Port = {
    name: STEPS,
    type: 'int32',
    shape: ['batch'],
    about: `Time steps of each image: its own width over ${graph.stepPx} pixels, rounded up.`,
  };
  const logits: Port = {
    name: LOGITS,
    type: 'float32',
    shape: ['batch', graph.steps ?? 'time', graph.classes],
    about: outputAbout(graph),
  };
  const inputs = graph.stepPx === undefined ? [images] : [images, steps];
  const description =
    'Reads lines of text. The metadata ocrpipe.* say how images are made ready and what the classes are.';
  return model.toBytes({ inputs, outputs: [logits] }, { ...about, description });
}

function outputAbout({ layers }: LayerGraph): string {
  return layers.at(-1)!.op === 'attentionDecoder'
    ? 'Scores of each character and, the last class, of the end of the text; what follows an end means nothing.'
    : 'Scores of each character and, the last class, of none (the blank of CTC) at each time step.';
}
