import { closeSync, existsSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writePoint } from '../../base/write-points.js';
import { DESCRIPTION_FILE } from './model-description.js';
import { isLanguageModelFile } from './language-model-file.js';

const WEIGHTS_FILE = /^weights-[0-9a-f]{12}\.bin$/;
const TFJS_NUMBERS_FILE = /^graph-[0-9a-f]{12}\.bin$/;

/** A file of ours under a name that others may use, too, and how it begins. */
export interface KnownFile {
  name: string;
  head: string;
}

/** The graph by which TensorFlow.js reads the weights of the folder. */
export const TFJS_GRAPH: KnownFile = {
  name: 'model.json',
  head: '{"format":"graph-model","generatedBy":"ocrpipe"',
};
/** The module that makes images ready for it, and reads with it. */
export const TFJS_READER: KnownFile = {
  name: 'reader.js',
  head: '/**\n * Reads images of text lines with a model that `ocrpipe model export --tfjs` wrote',
};

/** The file of weights with this content id. */
export function weightsFile(id: string): string {
  return `weights-${id.slice(0, 12)}.bin`;
}

/** The file, with this content id, of a graph's numbers that are no weights. */
export function tfjsNumbersFile(id: string): string {
  return `graph-${id.slice(0, 12)}.bin`;
}

/** True for a name in a folder where a model may be written: one of a model, or any beside a model that is there. */
export function isModelFile(folder: string, name: string): boolean {
  const isOurs = WEIGHTS_FILE.test(name) || TFJS_NUMBERS_FILE.test(name) || isLanguageModelFile(name);
  if (isOurs || existsSync(join(folder, DESCRIPTION_FILE))) return true;
  return [TFJS_GRAPH, TFJS_READER].some((file) => file.name === name && isThere(folder, file));
}

/** Removes what an earlier save wrote and what a killed one left, but for `keep`: what names weights goes before them. */
export function removeOtherFiles(folder: string, keep: ReadonlySet<string>): void {
  const known = [TFJS_GRAPH, TFJS_READER].filter((file) => isThere(folder, file)).map(({ name }) => name);
  const byName = readdirSync(folder).filter(
    (name) => WEIGHTS_FILE.test(name) || TFJS_NUMBERS_FILE.test(name),
  );
  for (const name of [...known, ...byName]) {
    if (keep.has(name)) continue;
    writePoint();
    rmSync(join(folder, name), { force: true });
  }
}

/** True if the folder has the file, and it is ours. */
function isThere(folder: string, { name, head }: KnownFile): boolean {
  const path = join(folder, name);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(head.length);
    readSync(file, start);
    return start.toString() === head;
  } finally {
    closeSync(file);
  }
}
