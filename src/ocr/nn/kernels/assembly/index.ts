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
export {
  adamStep,
  batchNormForward,
  batchNormGradient,
  rectifierBiasGradient,
  scaleAndShift,
} from './elementwise';
export { gruForward, gruForwardBytes, gruGradient, gruGradientBytes } from './gru';
