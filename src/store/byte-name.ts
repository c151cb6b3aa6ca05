import { OcrpipeError } from '../base/errors.js';

/**
 * The raw bytes of a file name, one character a byte (latin1): what `readdirSync(folder, 'latin1')` gives. Comparing two
 * with `<` compares their bytes. Names on disk need not be UTF-8, so trees keep bytes, not text.
 */
export type ByteName = string & { readonly __brand: 'ByteName' };

/** Longest name in a tree, in bytes. */
const MAX_NAME_BYTES = 1023;

const CONTROL_FOLDERS = new Set(['.git', '.ocrstore']);

/** Why a tree may not hold `name`, or undefined if it may. A name refused here could leave its folder or take over git. */
export function nameProblem(name: string): string | undefined {
  if (name.length === 0) return 'it is empty';
  if (name.length > MAX_NAME_BYTES) return `it is longer than ${MAX_NAME_BYTES} bytes`;
  if (name.includes('\0')) return 'it holds a NUL byte';
  if (name.includes('/')) return "it holds a '/'";
  if (name === '.' || name === '..') return 'it names a folder above or itself';
  if (name.length <= 9 && CONTROL_FOLDERS.has(name.toLowerCase()))
    return 'such a folder belongs to git or ocrpipe';
  return undefined;
}

/** The bytes of a latin1 string as a checked name; throws `name-refused`. */
export function byteName(latin1: string): ByteName {
  const problem = nameProblem(latin1);
  if (problem !== undefined) {
    throw new OcrpipeError(
      'name-refused',
      `the name ${JSON.stringify(latin1.slice(0, 80))} is refused: ${problem}`,
    );
  }
  return latin1 as ByteName;
}

/** The name that a UTF-8 text stands for; throws `name-refused`. */
export function byteNameOfText(text: string): ByteName {
  return byteName(Buffer.from(text, 'utf8').toString('latin1'));
}
