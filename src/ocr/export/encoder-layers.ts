import type { AttentionConfig } from '../models/attention-config.js';
import { blockShapes, columnFeatures, type BlockShape, type PooledImage } from '../models/block-shapes.js';
import type { CrnnConfig } from '../models/crnn-config.js';
import {
  denseWeights,
  normWeights,
  type FindWeight,
  type GraphBuilder,
  type LayerRef,
} from './layer-graph.js';

/** A graph under construction, what it goes on from, and the weights that it takes. */
export interface Building {
  graph: GraphBuilder;
  input: LayerRef;
  find: FindWeight;
}

/** `ConvolutionBlocks` as they read; `masked` where images of several widths may stand in one batch. */
export function addBlocks(
  { graph, input, find }: Building,
  config: PooledImage & { convolutions: number },
  { masked }: { masked: boolean },
): LayerRef {
  let x = input;
  blockShapes(config).forEach((shape, index) => {
    const block = `block${index + 1}`;
    for (let place = 1; place <= config.convolutions; place += 1) {
      const filter = find(`${block}/filter${place}`);
      const norm = normWeights(find, `${block}/norm${place}`);
      x = graph.add(`${block}/convolution${place}`, { op: 'conv2d', input: x, filter, norm, relu: true });
      if (masked)
        x = graph.add(`${block}/mask${place}`, { op: 'maskColumns', input: x, columnPx: shape.strideIn });
    }
    x = addPooling(graph, x, { block, shape });
  });
  return x;
}

/** The pooling at the end of a block: see `pooled`. */
export function addPooling(
  graph: GraphBuilder,
  input: LayerRef,
  { block, shape }: { block: string; shape: BlockShape },
): LayerRef {
  const size = [Math.floor(shape.heightIn / shape.heightOut), shape.strideOut / shape.strideIn] as const;
  return size[0] * size[1] > 1 ? graph.add(`${block}/pool`, { op: 'maxPool', input, size }) : input;
}

/** `RecurrentStack` as it reads. */
export function addRecurrent(
  { graph, input, find }: Building,
  { cell, depth }: { cell: 'gru' | 'lstm'; depth: number },
): LayerRef {
  let x = input;
  for (let layer = 1; layer <= depth; layer += 1) {
    const name = `${cell}${layer}`;
    const weights = {
      input: x,
      kernel: find(`${name}/kernel`),
      bias: find(`${name}/bias`),
      recurrentKernel: find(`${name}/recurrentKernel`),
    };
    x =
      cell === 'lstm'
        ? graph.add(name, { op: 'lstm', ...weights })
        : graph.add(name, { op: 'gru', ...weights, recurrentBias: find(`${name}/recurrentBias`) });
  }
  return x;
}

/** `ColumnEncoder` as it reads, from its images on: [batch, time, 2 * units]. */
export function addColumnEncoder(
  { graph, find }: Omit<Building, 'input'>,
  config: CrnnConfig | AttentionConfig,
): LayerRef {
  const { height, channels, depth } = config;
  const cell = config.type === 'attention' ? 'gru' : config.cell;
  const images = graph.add('images', { op: 'images', height, width: undefined, channels });
  const picture = addBlocks({ graph, input: images, find }, config, { masked: true });
  const columns = graph.add('columns', { op: 'columns', input: picture, features: columnFeatures(config) });
  const inner = graph.add('inner', {
    op: 'dense',
    input: columns,
    ...denseWeights(find, 'inner'),
    relu: true,
  });
  return addRecurrent({ graph, input: inner, find }, { cell, depth });
}
