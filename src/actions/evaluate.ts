import { resolve } from 'node:path';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import {
  checkOutputFiles,
  checkOutputFolder,
  checkOutsideOf,
  outputFile,
  outputPath,
} from '../base/outputs.js';
import { evaluateLines } from '../ocr/evaluate/evaluation.js';
import { joinPredictions, readPredictions } from '../ocr/evaluate/predictions-file.js';
import { metricsKind, reportFiles, writeMetrics, writeReports } from '../ocr/evaluate/report-files.js';
import type { ReadLine } from '../ocr/evaluate/scored-line.js';
import { pathBetween } from '../ocr/formats/manifest.js';
import { readSamples } from '../ocr/formats/read-samples.js';
import type { DecoderChoice } from '../ocr/models/chosen-decoder.js';
import type { Sample } from '../ocr/formats/sample.js';
import type { TextMetrics } from '../ocr/text/metrics.js';
import { withShownPaths } from './shown-paths.js';

export interface EvaluateInput {
  /** Folders of saved models, or with models in them, which read together; or `predictions`: what another tool has read. */
  model?: readonly string[] | undefined;
  predictions?: string | undefined;
  /** The labels. A predictions file that has the text of each line needs none. */
  data?: string | undefined;
  /** Folder for errors.tsv, confusions.tsv and predictions.tsv. */
  out: string;
  metrics?: string | undefined;
  backend?: 'auto' | 'tensorflow' | 'webgpu' | 'wasm' | 'cpu' | undefined;
  /** How the model reads; as it says unless given. */
  decoder?: DecoderChoice | undefined;
  images?: string | undefined;
  format?: string | undefined;
  field?: string | undefined;
}

export interface EvaluateResult extends TextMetrics {
  out: string;
  /** Lines with at least one edit. */
  errors: number;
  /** Characters of the data that the model cannot write. */
  unknownCharacters: readonly { character: string; count: number }[];
}

interface Readings {
  lines: readonly ReadLine[];
  unknown: readonly { character: string; count: number }[];
}

/** Reads the data with a model, or takes what was read before, and writes figures and tables about it. */
export async function evaluate(input: EvaluateInput, call: Call): Promise<EvaluateResult> {
  return withShownPaths(call.cwd, () => evaluateReadings(input, call));
}

async function evaluateReadings(input: EvaluateInput, call: Call): Promise<EvaluateResult> {
  const { out, metrics } = checkedOutputs(input, call);
  const { lines, unknown } = await readingsOf(input, call);
  // As in manifests, images are named as seen from the file that names them.
  const named = lines.map((line) => ({ ...line, image: pathBetween(out, line.image) }));
  const evaluation = evaluateLines(named);
  call.signal.throwIfAborted();
  writeReports(out, evaluation);
  if (metrics !== undefined) writeMetrics(metrics, evaluation.metrics);
  return {
    ...evaluation.metrics,
    out: input.out,
    errors: evaluation.errors.length,
    unknownCharacters: unknown,
  };
}

/** Where the results go, absolute; what could not be written, or would overwrite something else, is refused. */
function checkedOutputs(input: EvaluateInput, call: Call): { out: string; metrics: string | undefined } {
  const out = outputPath('--out', call.cwd, input.out);
  const metrics =
    input.metrics === undefined ? undefined : outputFile('--metrics', call.cwd, input.metrics, metricsKind);
  const inputs = [input.data, input.predictions].filter((path) => path !== undefined);
  checkOutputFolder('--out', out);
  const models = (input.model ?? []).map((model) => resolve(call.cwd, model));
  checkOutsideOf('--out', out, models);
  checkOutputFiles(
    [...reportFiles('--out', out), ...(metrics ? [metrics] : [])],
    inputs.map((path) => resolve(call.cwd, path)),
  );
  return { out, metrics: metrics?.path };
}

async function readingsOf(input: EvaluateInput, call: Call): Promise<Readings> {
  if ((input.model === undefined) === (input.predictions === undefined)) {
    throw userError('evaluate-what', 'give either a model or a predictions file to evaluate', {
      hint: 'Use --model DIR --data FILE, or --predictions FILE.',
    });
  }
  const samples = await samplesOf(input, call);
  if (input.predictions !== undefined) {
    const file = resolve(call.cwd, input.predictions);
    return { lines: predictedLines(file, samples, call), unknown: [] };
  }
  if (!samples || input.model === undefined) {
    throw userError('evaluate-what', 'there is no data to evaluate the model on', {
      hint: 'Name a manifest, or labels of any known format, with --data.',
    });
  }
  // Tensors are loaded only when a model reads.
  const { savedModels } = await import('./saved-model.js');
  const { readWithModel } = await import('../ocr/evaluate/read-with-model.js');
  return readWithModel(samples, {
    models: savedModels(call, input.model),
    source: input.data ?? '',
    backend: input.backend ?? 'auto',
    decoder: input.decoder,
    events: call.events,
    signal: call.signal,
  });
}

async function samplesOf(input: EvaluateInput, call: Call): Promise<readonly Sample[] | undefined> {
  if (input.data === undefined) return undefined;
  const { samples } = await readSamples(resolve(call.cwd, input.data), {
    images: input.images === undefined ? undefined : resolve(call.cwd, input.images),
    format: input.format,
    field: input.field,
    shownAs: input.data,
    events: call.events,
    signal: call.signal,
  });
  return samples;
}

function predictedLines(file: string, samples: readonly Sample[] | undefined, call: Call): ReadLine[] {
  const predictions = readPredictions(file);
  if (samples) return joinPredictions(samples, predictions, { file, cwd: call.cwd });
  return predictions.map(({ text, image, ...rest }) => {
    if (text !== undefined) return { ...rest, text, image: resolve(file, '..', image) };
    throw userError('evaluate-what', `${file} does not say what stands in ${image}`, {
      location: { file },
      hint: "Give the labels with --data, or a column 'text'.",
    });
  });
}
