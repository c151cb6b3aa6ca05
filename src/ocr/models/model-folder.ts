import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { contentIdOf } from '../../base/content-id.js';
import { OcrpipeError, systemErrorCode, userError } from '../../base/errors.js';
import type { OutputFile } from '../../base/outputs.js';
import { writePoint } from '../../base/write-points.js';
import { decoderSchema } from './decoder.js';
import type { HeldModelFolder } from './held-model-folder.js';
import { isLanguageModelFile } from './language-model-file.js';
import { modelConfigSchema } from './model-config.js';
import { emptyRecogniser, type Recogniser } from './recogniser.js';
import type { NamedArray } from './variables.js';
import { decodeWeights, encodeWeights, tensorSchema } from './weights-file.js';

/**
 * A saved model is a folder: `ocrpipe.json` and the file of weights that it names. The weights are written first and
 * under a name made from their content, so that at every moment `ocrpipe.json` names weights that are whole. Those of the
 * model before are removed last.
 */
const DESCRIPTION_FILE = 'ocrpipe.json';
const WEIGHTS_FILE = /^weights-[0-9a-f]{12}\.bin$/;
const FORMAT_VERSION = 1;

const descriptionSchema = z.object({
  version: z.literal(FORMAT_VERSION),
  /** The characters of the classes in order; CTC's blank, or the end of the text, is one class more, the last. */
  alphabet: z.array(z.string()),
  model: modelConfigSchema,
  decoder: decoderSchema,
  training: z.object({
    /** Content id of what the weights were trained on: names of images, labels and their order. */
    dataId: z.string(),
    /** Optimiser steps until these weights. */
    step: z.int(),
    seed: z.int(),
    backend: z.string(),
  }),
  /** What these weights reached on the validation part. */
  metrics: z.record(z.string(), z.number()),
  weights: z.object({ file: z.string(), id: z.string(), tensors: z.array(tensorSchema) }),
});

export type ModelDescription = z.infer<typeof descriptionSchema>;
/** What the writer adds to the recogniser itself. */
export type ModelOrigin = Pick<ModelDescription, 'training' | 'metrics'>;

/** The file of a model folder that is replaced; it must be a model's, should there be one. */
export function modelFile(flag: string, folder: string): OutputFile {
  const owns = (head: string): boolean => /^\{\s*"version": \d+,\s*"alphabet": /.test(head);
  return { flag, path: join(folder, DESCRIPTION_FILE), kind: { what: 'model', owns } };
}

/** True for a name in a folder where a model may be written: one of a model, or any beside a model that is there. */
export function isModelFile(folder: string, name: string): boolean {
  return WEIGHTS_FILE.test(name) || isLanguageModelFile(name) || existsSync(join(folder, DESCRIPTION_FILE));
}

/**
 * Writes the model so that a reader sees the old one or the new one, whole. The folder is held: of two writers one would
 * remove the weights of the other.
 */
export function writeModelFolder(
  { path: folder }: HeldModelFolder,
  recogniser: Recogniser,
  weights: readonly NamedArray[],
  origin: ModelOrigin,
): void {
  const { bytes, tensors } = encodeWeights(weights);
  const id = contentIdOf(bytes);
  const file = `weights-${id.slice(0, 12)}.bin`;
  writeFileAtomic(join(folder, file), bytes);
  const description: ModelDescription = {
    version: FORMAT_VERSION,
    alphabet: [...recogniser.alphabet.characters],
    model: recogniser.config,
    decoder: recogniser.decoder,
    training: origin.training,
    metrics: origin.metrics,
    weights: { file, id, tensors },
  };
  writeFileAtomic(join(folder, DESCRIPTION_FILE), `${JSON.stringify(description, null, 2)}\n`);
  removeOtherWeights(folder, file);
}

/** Weights of an earlier save, and what a killed one left. */
function removeOtherWeights(folder: string, keep: string): void {
  for (const name of readdirSync(folder)) {
    if (name === keep || !WEIGHTS_FILE.test(name)) continue;
    writePoint();
    rmSync(join(folder, name), { force: true });
  }
}

/** A model as it was saved. */
export interface SavedModel {
  recogniser: Recogniser;
  description: ModelDescription;
}

/**
 * Opens a saved model on the current backend. Throws with exit code 2 `model-missing`, `model-version` and
 * `model-invalid`; `model-damaged` if the weights are not those that were saved.
 */
export function readModelFolder(folder: string): SavedModel {
  const { description, weights } = readWhole(folder);
  const recogniser = emptyRecogniser(description);
  try {
    recogniser.network.variables.write(weights);
  } catch (error) {
    recogniser.network.dispose();
    throw error;
  }
  return { recogniser, description };
}

/** Who reads a description may find its weights gone, because a newer model is in place: then that one is read. */
const READ_TRIES = 10;

function readWhole(folder: string): { description: ModelDescription; weights: NamedArray[] } {
  for (let tries = 1; ; tries += 1) {
    const description = readDescription(folder);
    try {
      return { description, weights: readWeights(folder, description) };
    } catch (error) {
      if (tries === READ_TRIES) throw error;
    }
  }
}

/** `ocrpipe.json` alone, without the weights. */
export function readDescription(folder: string): ModelDescription {
  const file = join(folder, DESCRIPTION_FILE);
  const value = parseJson(readOrExplain(file, folder), file);
  const version = z.object({ version: z.number() }).safeParse(value).data?.version;
  if (version !== undefined && version !== FORMAT_VERSION) {
    throw userError('model-version', `${file} has version ${version}; this ocrpipe reads ${FORMAT_VERSION}`, {
      location: { file },
      hint: 'Use the version of ocrpipe that wrote it, or train again.',
    });
  }
  const result = descriptionSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw invalid(file, `'${issue.path.join('.')}': ${issue.message}`);
}

function readOrExplain(file: string, folder: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    throw userError('model-missing', `${folder} is no model: it has no ${DESCRIPTION_FILE}`, {
      location: { file: folder },
      hint: "Train one with 'ocrpipe train', or get it with 'ocrpipe pull'.",
      cause: error,
    });
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw invalid(file, 'it is not JSON', error);
  }
}

function invalid(file: string, reason: string, cause?: unknown): OcrpipeError {
  return userError('model-invalid', `${file} does not describe a model: ${reason}`, {
    location: { file },
    hint: 'Get the folder again, or train again.',
    cause,
  });
}

function readWeights(folder: string, { weights }: ModelDescription): NamedArray[] {
  const file = join(folder, weights.file);
  let bytes: Buffer;
  try {
    if (!/^[\w.-]+$/.test(weights.file)) throw new Error(`'${weights.file}' is no file name`);
    bytes = readFileSync(file);
  } catch (error) {
    throw damaged(file, 'they cannot be read', error);
  }
  if (contentIdOf(bytes) !== weights.id) throw damaged(file, 'their content id is another');
  return decodeWeights(bytes, weights.tensors);
}

function damaged(file: string, reason: string, cause?: unknown): OcrpipeError {
  return new OcrpipeError('model-damaged', `${file} does not hold the weights that were saved: ${reason}`, {
    location: { file },
    hint: "Get the folder again ('ocrpipe checkout --force', 'ocrpipe pull'), or train again.",
    ...(cause === undefined ? {} : { cause }),
  });
}
