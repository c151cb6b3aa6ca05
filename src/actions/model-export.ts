import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { checkOutputFiles, checkOutsideOf } from '../base/outputs.js';
import type { AccuracyLost } from '../ocr/export/accuracy.js';
import type { ExportForm } from '../ocr/export/export-forms.js';
import type { DecoderConfig } from '../ocr/models/decoder.js';
import type { Encoding } from '../ocr/models/quantisation.js';
import type { SavedWeights } from '../ocr/models/saved-weights.js';
import type { BackendChoice } from '../ocr/nn/backend.js';
import { withShownPaths } from './shown-paths.js';
import { version } from './version.js';

export interface ModelExportInput {
  model: string;
  /** Where to write, in which form; at least one. */
  out?: string | undefined;
  tfjs?: string | undefined;
  onnx?: string | undefined;
  weights: Encoding;
  /** Replace what an earlier export wrote there. */
  force: boolean;
  /** Labelled lines on which the accuracy lost is measured. */
  data?: string | undefined;
  images?: string | undefined;
  format?: string | undefined;
  field?: string | undefined;
  backend: BackendChoice;
}

export interface ModelExportResult {
  weights: Encoding;
  /** As they were typed, with the bytes that each takes. */
  written: { path: string; bytes: number }[];
  /** Bytes of the weights as 32-bit floats. */
  bytesBefore: number;
  accuracy?: AccuracyLost;
}

/** Writes a saved model in other forms, its weights as they are or smaller. */
export async function modelExport(input: ModelExportInput, call: Call): Promise<ModelExportResult> {
  return withShownPaths(call.cwd, () => exportModel(input, call));
}

async function exportModel(input: ModelExportInput, call: Call): Promise<ModelExportResult> {
  // Loaded here, not above: asking for help must not start a tensor library.
  const { savedModel } = await import('./saved-model.js');
  const { readCheckedWeights } = await import('../ocr/models/checked-weights.js');
  const folder = savedModel(call.cwd, input.model);
  const forms = await checkedForms(input, folder, call);
  const saved = readCheckedWeights(folder);
  // A form that this model cannot take is an error before anything is measured or written.
  const prepared = forms.map((form) => ({
    typed: form.typed,
    write: form.prepare(saved, input.weights),
  }));
  await tellOfDecoder(input, saved, call);
  const accuracy = await measured(input, saved, call);
  const written: ModelExportResult['written'] = [];
  for (const { typed, write } of prepared) {
    call.signal.throwIfAborted();
    written.push({ path: typed, bytes: await write(call) });
  }
  return {
    weights: input.weights,
    bytesBefore: float32Bytes(saved),
    written,
    ...(accuracy ? { accuracy } : {}),
  };
}

/** Where to write; what could not be written, or would overwrite something else, is refused. */
async function checkedForms(input: ModelExportInput, folder: string, { cwd }: Call): Promise<ExportForm[]> {
  const { out, tfjs, onnx } = input;
  const { folderForm, onnxForm, tfjsForm } = await import('../ocr/export/export-forms.js');
  const forms = [
    ...(out === undefined ? [] : [folderForm(cwd, out)]),
    ...(tfjs === undefined ? [] : [tfjsForm(cwd, tfjs)]),
    ...(onnx === undefined ? [] : [onnxForm(cwd, onnx, version().version)]),
  ];
  if (forms.length === 0) {
    throw userError('export-what', 'nothing says what to write', {
      hint: 'Give at least one of --tfjs DIR, --onnx FILE and --out DIR.',
    });
  }
  const outputs = forms.flatMap((form) => form.outputs);
  for (const { flag, path } of outputs) checkOutsideOf(flag, path, [folder]);
  checkOutputFiles(outputs, input.data === undefined ? [] : [resolve(cwd, input.data)]);
  if (!input.force) forms.forEach(checkNothingThere);
  return forms;
}

function checkNothingThere({ typed, outputs }: ExportForm): void {
  const found = outputs.find(({ path }) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0);
  if (found === undefined) return;
  const { flag } = found;
  throw userError('path-exists', `${flag} would replace the exported model ${typed}`, {
    location: { file: typed },
    hint: `Give --force to replace it, or ${flag} another name.`,
  });
}

/** What other programs read with is not what this model was made to read with: that is said before they are used. */
async function tellOfDecoder(
  { tfjs, onnx }: ModelExportInput,
  { description: { decoder } }: SavedWeights,
  { events }: Call,
): Promise<void> {
  const { isGreedy } = await import('../ocr/models/decoder.js');
  if ((tfjs === undefined && onnx === undefined) || isGreedy(decoder)) return;
  const message = `The model reads with ${decoderText(decoder)}; TensorFlow.js and ONNX read what --tfjs and --onnx write greedily, without that. --data says what it costs.`;
  events({ type: 'note', level: 'warning', code: 'export-reads-greedily', message });
}

function decoderText(decoder: DecoderConfig): string {
  const parts = [
    ...('beam' in decoder ? [`a beam of ${decoder.beam}`] : []),
    ...('pattern' in decoder && decoder.pattern !== undefined ? ['a pattern'] : []),
    ...('views' in decoder && decoder.views !== undefined && decoder.views > 1
      ? [`${decoder.views} views of each image`]
      : []),
    ...('languageModel' in decoder && decoder.languageModel !== undefined ? ['a language model'] : []),
  ];
  return parts.join(', ').replace(/, ([^,]*)$/, ' and $1');
}

async function measured(
  { data, weights, backend, tfjs, onnx, ...labels }: ModelExportInput,
  saved: SavedWeights,
  call: Call,
): Promise<AccuracyLost | undefined> {
  if (data === undefined) return undefined;
  const { readSamples } = await import('../ocr/formats/read-samples.js');
  const { accuracyLost } = await import('../ocr/export/accuracy.js');
  const { images, format, field } = labels;
  const { samples } = await readSamples(resolve(call.cwd, data), {
    images: images === undefined ? undefined : resolve(call.cwd, images),
    format,
    field,
    shownAs: data,
    events: call.events,
    signal: call.signal,
  });
  const greedily = tfjs !== undefined || onnx !== undefined;
  return accuracyLost(saved, weights, { samples, source: data, backend, greedily, ...call });
}

function float32Bytes({ weights }: SavedWeights): number {
  return weights.reduce((sum, { values }) => sum + 4 * values.length, 0);
}
