export { multiplyPacked, packColumns, packedSize } from './gemm';
export {
  convolutionFilterGradient,
  convolutionFilterGradientBytes,
  convolutionForward,
  convolutionForwardBytes,
  shiftAndRectify,
} from './convolution';
export {
  winogradFilterGradient,
  winogradFilterGradientBytes,
  winogradForward,
  winogradForwardBytes,
} from './winograd';
export { maxPoolForward, maxPoolGradient } from './pooling';
export { adamStep, rectifierBiasGradient } from './elementwise';
export { batchNormForward, batchNormGradient } from './batch-norm';
export { gruForward, gruForwardBytes, gruGradient, gruGradientBytes } from './gru';
export { lstmForward, lstmForwardBytes, lstmGradient, lstmGradientBytes } from './lstm';
export { layerNormForward, layerNormGradient } from './layer-norm';
export { depthwiseFilterGradient, depthwiseForward } from './depthwise';
export { additiveScores, additiveScoresGradient } from './additive-scores';
