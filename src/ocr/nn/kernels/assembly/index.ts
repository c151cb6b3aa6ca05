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
