/** What decides the shapes of a model's blocks. */
export interface PooledImage {
  height: number;
  filters: readonly number[];
  widthStride: number;
}

/** What one block of convolutions does to the picture, in pixels of its own input and output. */
export interface BlockShape {
  filters: number;
  /** Heights before and after the block's pooling. */
  heightIn: number;
  heightOut: number;
  /** Input columns of the model that one column covers before and after pooling. */
  strideIn: number;
  strideOut: number;
}

/**
 * The pooling rule: a block halves the width until a column covers `widthStride` pixels, and halves the height while
 * that leaves at least two whole rows (24 -> 12 -> 6 -> 3, 32 -> 16 -> 8 -> 4 -> 2).
 */
export function blockShapes(config: PooledImage): BlockShape[] {
  const shapes: BlockShape[] = [];
  let height = config.height;
  let stride = 1;
  for (const filters of config.filters) {
    const heightOut = height >= 4 ? Math.floor(height / 2) : height;
    const strideOut = Math.min(stride * 2, config.widthStride);
    shapes.push({ filters, heightIn: height, heightOut, strideIn: stride, strideOut });
    height = heightOut;
    stride = strideOut;
  }
  return shapes;
}

/** Features of one column after the last block: its rows times its filters. */
export function columnFeatures(config: PooledImage): number {
  const last = blockShapes(config).at(-1)!;
  return last.heightOut * last.filters;
}
