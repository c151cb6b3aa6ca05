import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { systemErrorCode, userError, type OcrpipeError } from '../../base/errors.js';
import { decoderSchema } from './decoder.js';
import { migrated } from './migrations.js';
import { modelConfigSchema } from './model-config.js';
import { preprocessingOf, preprocessingSchema } from './preprocessing.js';
import { ENCODINGS } from './quantisation.js';
import { tensorSchema } from './weights-file.js';

/**
 * A saved model is a folder: `ocrpipe.json` and the file of weights that it names. The weights are written first and
 * under a name made from their content, so that at every moment `ocrpipe.json` names weights that are whole. Those of the
 * model before are removed last.
 */
export const DESCRIPTION_FILE = 'ocrpipe.json';
/** Raised with a step in `migrations.ts` and a folder in the fixtures of the tests: what was saved once can be read for ever. */
export const FORMAT_VERSION = 3;

const descriptionSchema = z.object({
  version: z.literal(FORMAT_VERSION),
  /** The characters of the classes in order; CTC's blank, or the end of the text, is one class more, the last. */
  alphabet: z.array(z.string()),
  model: modelConfigSchema,
  /** Follows from `model`; written out for other programs. */
  preprocessing: preprocessingSchema,
  decoder: decoderSchema,
  training: z.object({
    /** Content id of what the weights were trained on: names of images, labels and their order. */
    dataId: z.string(),
    /** Optimiser steps until these weights. */
    step: z.int(),
    seed: z.int(),
    backend: z.string(),
    /** Content id of the weights that training began with, where those of another model were taken. */
    from: z.string().optional(),
  }),
  /** What these weights reached on the validation part, before any quantisation. */
  metrics: z.record(z.string(), z.number()),
  weights: z.object({
    file: z.string(),
    id: z.string(),
    /** What was asked for; the table says how each tensor is kept. */
    encoding: z.enum(ENCODINGS),
    tensors: z.array(tensorSchema),
  }),
});

export type ModelDescription = z.infer<typeof descriptionSchema>;

/** `ocrpipe.json` alone, without the weights. */
export function readDescription(folder: string): ModelDescription {
  const file = join(folder, DESCRIPTION_FILE);
  const value = parseJson(readOrExplain(file, folder), file);
  const version = z.object({ version: z.int().min(1) }).safeParse(value).data?.version ?? FORMAT_VERSION;
  if (version > FORMAT_VERSION) throw newerVersion(file, version);
  const result = descriptionSchema.safeParse(migrated(value, version));
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw invalid(file, `'${issue.path.join('.')}': ${issue.message}`);
  }
  const { model, preprocessing } = result.data;
  if (!isDeepStrictEqual(preprocessing, preprocessingOf(model)))
    throw invalid(file, "'preprocessing' is not what 'model' asks for");
  return result.data;
}

function newerVersion(file: string, version: number): OcrpipeError {
  return userError(
    'model-version',
    `${file} has version ${version}; this ocrpipe reads 1 to ${FORMAT_VERSION}`,
    {
      location: { file },
      hint: 'Use the version of ocrpipe that wrote it, or train again.',
    },
  );
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
