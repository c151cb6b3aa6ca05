import { blockShapes } from './block-shapes.js';
import type { ModelConfig } from './model-config.js';

/** Pixels of width of the image that the convolutions before the sequence see around each of their last columns, itself included. */
export function receptiveFieldPx(config: ModelConfig): number {
  return blockShapes(config).reduce((field, { strideIn, strideOut }, block) => {
    const seen = filterWidths(config, block).reduce((sum, width) => sum + (width - 1) * strideIn, 0);
    return field + seen + (strideOut - strideIn);
  }, 1);
}

/** Widths of the filters of one block, one after the other. */
function filterWidths(config: ModelConfig, block: number): number[] {
  if (config.type !== 'mixer') return new Array<number>(config.convolutions).fill(3);
  const { blocks, kernelSize } = config;
  return [block === 0 ? 3 : 1, ...new Array<number>(blocks[block]!).fill(kernelSize)];
}
