/** Names of our own tfjs kernels; the standard ones keep tfjs's names. */
export const CONV2D_BIAS_RELU = 'OcrpipeConv2dBiasRelu';
/** What Winograd's method makes of a filter, and the panels of a matrix: for weights that are used often. */
export const WINOGRAD_POINTS = 'OcrpipeWinogradPoints';
export const PACKED_MATRIX = 'OcrpipePackedMatrix';
export const PACKED_PRODUCT = 'OcrpipePackedProduct';
export const RELU_BIAS_GRADIENT = 'OcrpipeReluBiasGradient';
export const BATCH_NORM = 'OcrpipeBatchNorm';
export const BATCH_NORM_GRADIENT = 'OcrpipeBatchNormGradient';
export const GRU = 'OcrpipeGru';
export const GRU_READING = 'OcrpipeGruReading';
export const GRU_GRADIENT = 'OcrpipeGruGradient';
export const LSTM = 'OcrpipeLstm';
export const LSTM_GRADIENT = 'OcrpipeLstmGradient';
export const LAYER_NORM = 'OcrpipeLayerNorm';
export const LAYER_NORM_GRADIENT = 'OcrpipeLayerNormGradient';
export const ADDITIVE_SCORES = 'OcrpipeAdditiveScores';
export const ADDITIVE_SCORES_GRADIENT = 'OcrpipeAdditiveScoresGradient';
export const CTC = 'OcrpipeCtc';
export const ADAM = 'OcrpipeAdam';
