import type { Encoding } from '../models/quantisation.js';
import type { LayerGraph } from './layer-graph.js';
import { IMAGES, LOGITS, STEPS, writeOnnxLayers } from './onnx-layers.js';
import { OnnxModel, type OnnxAbout } from './onnx-model.js';

/**
 * A network as an ONNX file. Inputs: `images` [batch, channels, height, width], -1 black to 1 white, white up to each image's
 * own whole steps and 0 beyond; `steps` [batch], the time steps of each image. Output: `logits` [batch, time, classes], zeros
 * of the recurrent layers' input beyond an image's steps. Batch and width are free.
 */
export function onnxFile(graph: LayerGraph, encoding: Encoding, about: OnnxAbout): Buffer {
  const [first] = graph.layers;
  if (first?.op !== 'images') throw new TypeError('a graph begins with its images');
  const model = new OnnxModel(encoding);
  writeOnnxLayers(model, graph);
  return model.toBytes(
    {
      inputs: [
        { name: IMAGES, type: 'float32', shape: ['batch', first.channels, first.height, 'width'] },
        { name: STEPS, type: 'int32', shape: ['batch'] },
      ],
      outputs: [{ name: LOGITS, type: 'float32', shape: ['batch', 'time', graph.classes] }],
    },
    about,
  );
}
