import { readFileSync, statSync } from 'node:fs';
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
import { isModelFile, modelFile, writeModelFolder } from '../models/model-folder.js';
import type { Encoding } from '../models/quantisation.js';
import type { SavedWeights } from '../models/saved-weights.js';
import { alphabetOf } from '../text/alphabet.js';
import { asTexts, exportMetadata } from './export-metadata.js';
import { graphOf } from './graph-of.js';
import { onnxFile } from './onnx.js';
import { isTfjsFile, tfjsModelFile, writeTfjsFolder } from './tfjs-folder.js';
import { tfjsFiles } from './tfjs.js';

/** What surrounds the writing of one export. */
interface WritingCall {
  events: EventSink;
  signal: AbortSignal;
}

/** One place that a model is exported to. */
export interface ExportForm {
  /** As it was typed. */
  typed: string;
  /** The file that is replaced last, to be checked before any work; a folder was checked already. */
  output: OutputFile;
  /**
   * Makes what is to be written, and gives what writes it and tells its bytes. Throws `weights-mismatch` where weights are missing.
   */
  prepare(saved: SavedWeights, weights: Encoding): (call: WritingCall) => Promise<number> | number;
}

/** `--out`: a model folder that ocrpipe reads. */
export function folderForm(cwd: string, typed: string): ExportForm {
  const flag = '--out';
  const path = ownFolder(flag, { cwd, typed, owns: isModelFile });
  checkOutputFolder(flag, dirname(path)); // for the lock
  return {
    typed,
    output: modelFile(flag, path),
    prepare:
      ({ folder, description, weights }, encoding) =>
      async (call) => {
        const held = await holdModelFolder(path, { shown: typed, ...call });
        try {
          const { alphabet, model: config, decoder, training, metrics } = description;
          const recogniser = { alphabet: alphabetOf(alphabet), config, decoder };
          const languageModel = copyLanguageModel(folder, held.path, decoder);
          const bytes = writeModelFolder(held, recogniser, weights, { training, metrics, encoding });
          removeOtherLanguageModels(held.path, languageModel);
          return bytes;
        } finally {
          held.release();
        }
      },
  };
}

/** `--tfjs`: a folder that stock TensorFlow.js loads. */
export function tfjsForm(cwd: string, typed: string): ExportForm {
  const flag = '--tfjs';
  const path = ownFolder(flag, { cwd, typed, owns: isTfjsFile });
  return {
    typed,
    output: tfjsModelFile(flag, path),
    prepare: ({ description, weights }, encoding) => {
      const graph = graphOf(description.model, weights);
      const files = tfjsFiles(graph, encoding, { ...exportMetadata(description, encoding) });
      return () => {
        writeTfjsFolder(path, files);
        const shards = files.shards.reduce((sum, { bytes }) => sum + bytes.length, 0);
        return shards + statSync(join(path, 'model.json')).size;
      };
    },
  };
}

/** `--onnx`: a file for any runtime of ONNX. */
export function onnxForm(cwd: string, typed: string, producerVersion: string): ExportForm {
  const owns = (head: string): boolean => head.slice(0, 40).includes('\u0007ocrpipe');
  const output = outputFile('--onnx', cwd, typed, { what: 'exported model', owns });
  return {
    typed,
    output,
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

/** The absolute path of a folder that is written to, which holds nothing but what `owns` knows. */
function ownFolder(
  flag: string,
  { cwd, typed, owns }: { cwd: string; typed: string; owns: (folder: string, name: string) => boolean },
): string {
  const path = outputPath(flag, cwd, typed);
  checkOutputFolder(flag, path);
  checkAmongOwn(flag, path, (name) => owns(path, name));
  return path;
}
