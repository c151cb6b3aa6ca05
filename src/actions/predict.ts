import type { Readable } from 'node:stream';
import type { Call } from '../base/call.js';
import { userError, type OcrpipeError } from '../base/errors.js';
import { unreadableImages } from '../ocr/images/unreadable.js';
import type { DecoderChoice } from '../ocr/models/chosen-decoder.js';
import type { BackendChoice } from '../ocr/nn/backend.js';
import type { NamedImage } from '../ocr/predict/list-images.js';
import type { Outcome } from '../ocr/predict/predict-files.js';
import type { Supply } from '../ocr/predict/supply.js';
import { withShownPaths } from './shown-paths.js';

/** The path that stands for a list on standard input. */
const STDIN = '-';

export interface PredictInput {
  /** Folders of models, or with models in them; several read together. */
  model: readonly string[];
  /** Images, folders, patterns; `-` for a list of paths on standard input. */
  paths: readonly string[];
  backend: BackendChoice;
  /** As the model says unless given. */
  decoder?: DecoderChoice | undefined;
  stdin: Readable;
  /** Takes what was read, part by part in order, one outcome an image, while the rest is read. */
  onPart: (part: readonly Outcome[]) => Promise<void> | void;
}

export interface PredictResult {
  /** Images that were read. */
  read: number;
  /** Errors of the others, in order. */
  unreadable: OcrpipeError[];
}

/** Reads images with a saved model, or several together; what cannot be read is told at the end. Throws if that is every image. */
export async function predict(input: PredictInput, call: Call): Promise<PredictResult> {
  return withShownPaths(call.cwd, () => predictImages(input, call));
}

async function predictImages(input: PredictInput, call: Call): Promise<PredictResult> {
  // Loaded here, not above: asking for help must not start a tensor library.
  const { predictInParts } = await import('../ocr/predict/predict-files.js');
  const { openBackend } = await import('../ocr/nn/backend.js');
  const { savedModels } = await import('./saved-model.js');
  const { openLineReader } = await import('../ocr/predict/line-reader.js');
  const images = await namedImages(input, call);
  const folders = savedModels(call, input.model);
  await openBackend(input.backend);
  const { reader, close } = openLineReader(folders, input.decoder);
  const result: PredictResult = { read: 0, unreadable: [] };
  try {
    for await (const part of predictInParts(reader, images, call)) {
      const errors = part.flatMap((outcome) => ('error' in outcome ? [outcome.error] : []));
      result.read += part.length - errors.length;
      result.unreadable.push(...errors);
      await input.onPart(part);
    }
  } finally {
    close();
    // A list that is not at its end would keep the process.
    if (input.paths.includes(STDIN)) input.stdin.destroy();
  }
  if (result.read > 0) return result;
  if (result.unreadable.length === 0) throw emptyList();
  throw unreadableImages(result.unreadable, result.unreadable.length);
}

async function namedImages(
  { paths, stdin }: PredictInput,
  { cwd, signal }: Call,
): Promise<Supply<NamedImage>> {
  if (!paths.includes(STDIN)) {
    const { listImages } = await import('../ocr/predict/list-images.js');
    const { supplyOf } = await import('../ocr/predict/supply.js');
    return supplyOf(listImages(paths, cwd, signal));
  }
  if (paths.length > 1) {
    throw userError('stdin-alone', "'-' takes the list on standard input; other paths stand beside it", {
      hint: "Give either '-' or paths. A file that is named '-' is './-'.",
    });
  }
  const { ListedImages } = await import('../ocr/predict/listed-images.js');
  return new ListedImages(stdin, { cwd, signal });
}

function emptyList(): Error {
  return userError('no-images', 'the list on standard input is empty', {
    hint: 'Give one path a line, or with a NUL behind each.',
  });
}
