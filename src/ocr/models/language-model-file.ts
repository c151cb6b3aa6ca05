import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { contentIdOf } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { writePoint } from '../../base/write-points.js';
import { languageModelSchema, type LanguageModelData } from '../text/language-model.js';

/** A file in a model folder, and the content id that it must have. */
export interface LanguageModelFile {
  file: string;
  id: string;
}

const LANGUAGE_MODEL_FILE = /^language-[0-9a-f]{12}\.json$/;

/** True for the name of a language model in a model folder. */
export function isLanguageModelFile(name: string): boolean {
  return LANGUAGE_MODEL_FILE.test(name);
}

/** A language model as it will stand in a folder, under a name made from its content. */
export interface EncodedLanguageModel extends LanguageModelFile {
  text: string;
}

export function encodeLanguageModel(model: LanguageModelData): EncodedLanguageModel {
  const text = `${JSON.stringify(model)}\n`;
  const id = contentIdOf(text);
  return { file: `language-${id.slice(0, 12)}.json`, id, text };
}

/** Writes it into a folder that is held; nothing refers to it before the model's description does. */
export function writeLanguageModel(folder: string, { file, text }: EncodedLanguageModel): void {
  writeFileAtomic(join(folder, file), text);
}

/** Removes the language models of earlier saves, once nothing refers to them. */
export function removeOtherLanguageModels(folder: string, keep: string | undefined): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name === keep || !isLanguageModelFile(name)) continue;
    writePoint();
    rmSync(join(folder, name), { force: true });
  }
}

/** Throws `model-damaged` if the file is not the one that was saved. */
export function readLanguageModel(folder: string, { file, id }: LanguageModelFile): LanguageModelData {
  const path = join(folder, file);
  try {
    if (!isLanguageModelFile(file)) throw new Error(`'${file}' is no name of a language model`);
    const text = readFileSync(path, 'utf8');
    if (contentIdOf(text) !== id) throw new Error('its content id is another');
    return languageModelSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new OcrpipeError('model-damaged', `${path} does not hold the language model that was saved`, {
      location: { file: path },
      hint: "Get the folder again ('ocrpipe checkout --force', 'ocrpipe pull'), train again, or read with '--decoder greedy'.",
      cause: error,
    });
  }
}
