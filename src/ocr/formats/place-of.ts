import type { Location } from '../../base/errors.js';

/** Where `file` states a sample: in its line, where it is a file of lines. */
export function placeOf({ line }: { line?: number | undefined }, file: string): Location {
  return line === undefined ? { file } : { file, line };
}
