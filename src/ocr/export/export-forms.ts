import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { EventSink } from '../../base/events.js';
import {
  checkAmongOwn,
  checkOutputFolder,
  outputFile,
  outputPath,
  type OutputFile,
} from '../../base/outputs.js';
import type { DecoderConfig } from '../models/decoder.js';
import { holdModelFolder } from '../models/held-model-folder.js';
import {
  readLanguageModel,
  removeOtherLanguageModels,
  writeLanguageModel,
} from '../models/language-model-file.js';
import type { ModelDescription } from '../models/model-description.js';
import { isModelFile } from '../models/model-files.js';
import { modelFile, writeModelFolder } from '../models/model-folder.js';
import type { Encoding } from '../models/quantisation.js';
import type { SavedWeights } from '../models/saved-weights.js';
import { alphabetOf } from '../text/alphabet.js';
import { asTexts, exportMetadata } from './export-metadata.js';
import { graphOf } from './graph-of.js';
import { onnxFile } from './onnx.js';
import { tfjsOutputs, writeTfjsFiles } from './tfjs-folder.js';
import { tfjsFiles, type TfjsFiles } from './tfjs.js';

/** What surrounds the writing of one export. */
interface WritingCall {
  events: EventSink;
  signal: AbortSignal;
}

/** One place that a model is exported to. */
export interface ExportForm {
  /** As it was typed. */
  typed: string;
  /** The files that may be replaced, to be checked before any work; a folder was checked already. */
  outputs: readonly OutputFile[];
  /**
   * Makes what is to be written, and gives what writes it and tells its bytes. Throws `weights-mismatch` where weights are missing.
   */
  prepare(saved: SavedWeights, weights: Encoding): (call: WritingCall) => Promise<number> | number;
}

/** `--out`: a model folder that ocrpipe reads. */
export function folderForm(cwd: string, typed: string): ExportForm {
  const flag = '--out';
  const path = ownFolder(flag, cwd, typed);
  return {
    typed,
    outputs: [modelFile(flag, path)],
    prepare: (saved, encoding) => (call) => writeFolder({ path, typed }, saved, { encoding, call }),
  };
}

/** `--tfjs`: a model folder that ocrpipe and stock TensorFlow.js read, from one file of weights. */
export function tfjsForm(cwd: string, typed: string): ExportForm {
  const flag = '--tfjs';
  const path = ownFolder(flag, cwd, typed);
  return {
    typed,
    outputs: [modelFile(flag, path), ...tfjsOutputs(flag, path)],
    prepare: (saved, encoding) => {
      const graph = graphOf(saved.description.model, saved.weights);
      const metadata = { ...exportMetadata(saved.description, encoding) };
      const graphFiles = (kept: ModelDescription['weights']): TfjsFiles => tfjsFiles(graph, kept, metadata);
      return (call) => writeFolder({ path, typed }, saved, { encoding, call, graphFiles });
    },
  };
}

/** Writes a model folder, with a graph over its weights if there is to be one. Gives the bytes of both. */
async function writeFolder(
  { path, typed }: { path: string; typed: string },
  { folder, description, weights }: SavedWeights,
  {
    encoding,
    call,
    graphFiles,
  }: {
    encoding: Encoding;
    call: WritingCall;
    graphFiles?: (kept: ModelDescription['weights']) => TfjsFiles;
  },
): Promise<number> {
  const held = await holdModelFolder(path, { shown: typed, ...call });
  try {
    const { alphabet, model: config, decoder, training, metrics } = description;
    const recogniser = { alphabet: alphabetOf(alphabet), config, decoder };
    const languageModel = copyLanguageModel(folder, held.path, decoder);
    let graphBytes = 0;
    const writeBeside = (kept: ModelDescription['weights']): readonly string[] => {
      if (graphFiles === undefined) return [];
      const { names, bytes } = writeTfjsFiles(path, graphFiles(kept));
      graphBytes = bytes;
      return names;
    };
    const origin = { training, metrics, encoding, writeBeside };
    const bytes = writeModelFolder(held, recogniser, weights, origin);
    removeOtherLanguageModels(held.path, languageModel);
    return bytes + graphBytes;
  } finally {
    held.release();
  }
}

/** `--onnx`: a file for any runtime of ONNX. */
export function onnxForm(cwd: string, typed: string, producerVersion: string): ExportForm {
  const owns = (head: string): boolean => head.slice(0, 40).includes('\u0007ocrpipe');
  const output = outputFile('--onnx', cwd, typed, { what: 'exported model', owns });
  return {
    typed,
    outputs: [output],
    prepare: ({ description, weights }, encoding) => {
      const metadata = asTexts(exportMetadata(description, encoding));
      const about = { name: 'ocrpipe', producerVersion, metadata };
      const bytes = onnxFile(graphOf(description.model, weights), encoding, about);
      return () => {
        writeFileAtomic(output.path, bytes);
        return bytes.length;
      };
    },
  };
}

/** Copies what the decoder knows of texts, if it does, before the description names it; gives the file's name. */
function copyLanguageModel(from: string, to: string, decoder: DecoderConfig): string | undefined {
  const file = decoder.type === 'ctc-beam' ? decoder.languageModel : undefined;
  if (file === undefined) return undefined;
  readLanguageModel(from, file); // throws if it is damaged
  writeLanguageModel(to, { ...file, text: readFileSync(join(from, file.file), 'utf8') });
  return file.file;
}

/** The absolute path of a folder that is written to, which holds nothing but what is a model's. */
function ownFolder(flag: string, cwd: string, typed: string): string {
  const path = outputPath(flag, cwd, typed);
  checkOutputFolder(flag, path);
  checkAmongOwn(flag, path, (name) => isModelFile(path, name));
  checkOutputFolder(flag, dirname(path)); // for the lock
  return path;
}
