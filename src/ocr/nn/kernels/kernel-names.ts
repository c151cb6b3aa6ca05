/** Names of our own tfjs kernels; the standard ones keep tfjs's names. */
export const CONV2D_BIAS_RELU = 'OcrpipeConv2dBiasRelu';
export const RELU_BIAS_GRADIENT = 'OcrpipeReluBiasGradient';
export const BATCH_NORM = 'OcrpipeBatchNorm';
export const BATCH_NORM_GRADIENT = 'OcrpipeBatchNormGradient';
export const GRU = 'OcrpipeGru';
export const GRU_GRADIENT = 'OcrpipeGruGradient';
export const ADAM = 'OcrpipeAdam';
