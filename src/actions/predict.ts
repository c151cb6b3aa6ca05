import type { Call } from '../base/call.js';
import type { DecoderChoice } from '../ocr/models/chosen-decoder.js';
import type { BackendChoice } from '../ocr/nn/backend.js';
import type { Predictions } from '../ocr/predict/predict-files.js';
import { withShownPaths } from './shown-paths.js';

export interface PredictInput {
  model: string;
  paths: readonly string[];
  backend: BackendChoice;
  /** As the model says unless given. */
  decoder?: DecoderChoice | undefined;
}

/** Reads images and folders of images with a saved model; what cannot be read is told beside the readings of the rest. */
export async function predict(input: PredictInput, call: Call): Promise<Predictions> {
  return withShownPaths(call.cwd, () => predictImages(input, call));
}

async function predictImages(input: PredictInput, call: Call): Promise<Predictions> {
  // Loaded here, not above: asking for help must not start a tensor library.
  const { listImages, predictFiles } = await import('../ocr/predict/predict-files.js');
  const { openBackend } = await import('../ocr/nn/backend.js');
  const { savedModel } = await import('./saved-model.js');
  const { openReader } = await import('../ocr/models/chosen-decoder.js');
  const images = listImages(input.paths, call.cwd, call.signal);
  const folder = savedModel(call.cwd, input.model);
  await openBackend(input.backend);
  const recogniser = openReader(folder, input.decoder);
  try {
    return await predictFiles(recogniser, images, call);
  } finally {
    recogniser.network.dispose();
  }
}
