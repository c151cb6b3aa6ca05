export { multiplyPacked, packColumns, packedSize } from './gemm';
export {
  convolutionFilter,
  convolutionFilterBytes,
  convolutionFilterGradient,
  convolutionFilterGradientBlocks,
  convolutionFilterGradientBytes,
  convolutionForward,
  convolutionForwardBlocks,
  convolutionForwardBytes,
  shiftAndRectify,
} from './convolution';
export {
  winogradFilter,
  winogradFilterBytes,
  winogradFilterGradient,
  winogradFilterGradientBytes,
  winogradForward,
  winogradForwardBytes,
  winogradTiles,
} from './winograd';
export { maxPoolForward, maxPoolGradient } from './pooling';
export { adamStep, rectifierBiasGradient, sumParts } from './elementwise';
export { batchNormForward, batchNormGradient } from './batch-norm';
export { gruForward, gruForwardBytes, gruGradient, gruGradientBytes } from './gru';
export { lstmForward, lstmForwardBytes, lstmGradient, lstmGradientBytes } from './lstm';
export { layerNormForward, layerNormGradient } from './layer-norm';
export { depthwiseFilterGradient, depthwiseForward } from './depthwise';
export { additiveScores, additiveScoresGradient } from './additive-scores';
