import { text } from 'node:stream/consumers';
import type { Call } from '../base/call.js';
import { userError, type OcrpipeError } from '../base/errors.js';
import { unreadableImages } from '../ocr/images/unreadable.js';
import type { DecoderChoice } from '../ocr/models/chosen-decoder.js';
import type { BackendChoice } from '../ocr/nn/backend.js';
import type { NamedImage } from '../ocr/predict/list-images.js';
import type { Predictions } from '../ocr/predict/predict-files.js';
import { withShownPaths } from './shown-paths.js';

/** The path that stands for a list on standard input. */
const STDIN = '-';

export interface PredictInput {
  model: string;
  /** Images, folders, patterns; `-` for a list of paths on standard input. */
  paths: readonly string[];
  backend: BackendChoice;
  /** As the model says unless given. */
  decoder?: DecoderChoice | undefined;
  stdin: NodeJS.ReadableStream;
  /** Takes what was read, part by part in order, while the rest is read. */
  onPart: (part: Predictions) => Promise<void> | void;
}

export interface PredictResult {
  /** Images that were read. */
  read: number;
  /** Errors of the others, in order. */
  unreadable: OcrpipeError[];
}

/** Reads images with a saved model; what cannot be read is told at the end. Throws if that is every image. */
export async function predict(input: PredictInput, call: Call): Promise<PredictResult> {
  return withShownPaths(call.cwd, () => predictImages(input, call));
}

async function predictImages(input: PredictInput, call: Call): Promise<PredictResult> {
  // Loaded here, not above: asking for help must not start a tensor library.
  const { predictInParts } = await import('../ocr/predict/predict-files.js');
  const { openBackend } = await import('../ocr/nn/backend.js');
  const { savedModel } = await import('./saved-model.js');
  const { openReader } = await import('../ocr/models/chosen-decoder.js');
  const images = await namedImages(input, call);
  const folder = savedModel(call.cwd, input.model);
  await openBackend(input.backend);
  const recogniser = openReader(folder, input.decoder);
  const result: PredictResult = { read: 0, unreadable: [] };
  try {
    for await (const part of predictInParts(recogniser, images, call)) {
      result.read += part.predictions.length;
      result.unreadable.push(...part.unreadable);
      await input.onPart(part);
    }
  } finally {
    recogniser.network.dispose();
  }
  if (result.read === 0) throw unreadableImages(result.unreadable, images.length);
  return result;
}

async function namedImages({ paths, stdin }: PredictInput, { cwd, signal }: Call): Promise<NamedImage[]> {
  const { imagesOfList, listImages } = await import('../ocr/predict/list-images.js');
  if (!paths.includes(STDIN)) return listImages(paths, cwd, signal);
  if (paths.length > 1) {
    throw userError('stdin-alone', "'-' takes the list on standard input; other paths stand beside it", {
      hint: "Give either '-' or paths. A file that is named '-' is './-'.",
    });
  }
  const images = imagesOfList(await text(stdin), cwd);
  if (images.length > 0) return images;
  throw userError('no-images', 'the list on standard input is empty', {
    hint: 'Give one path a line, or with a NUL behind each.',
  });
}
