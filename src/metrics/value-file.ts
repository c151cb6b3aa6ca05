import type { JsonValue } from '../base/canonical-json.js';
import { refuseConflictMarkers } from '../base/conflict-markers.js';
import { userError } from '../base/errors.js';
import { flattenJson } from '../base/flatten-json.js';
import { parseValuesFile } from '../base/values-file.js';

/** The numbers and texts of one file by dotted key. */
export interface ValueFile {
  readonly file: string;
  readonly values: ReadonlyMap<string, JsonValue>;
}

/**
 * Reads a metrics or parameters file: JSON, YAML or TOML, nested as it likes. Throws (exit code 2) `values-not-readable` for JSON
 * that is none, and what files of values are refused with. `unmerged` says what to do about the markers of a merge
 * (`conflict-markers`).
 */
export function readValueFile(text: string, file: string, unmerged?: string): ValueFile {
  refuseConflictMarkers(text, file, unmerged);
  const value = file.endsWith('.json') ? parseJson(text, file) : parseValuesFile(text, file).value;
  return { file, values: flattenJson((value ?? {}) as JsonValue) };
}

/** Not as YAML: programs write NaN and Infinity into JSON, and YAML would take them for texts. */
function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw userError('values-not-readable', `${file} is not valid JSON: ${(error as Error).message}`, {
      location: { file },
      hint: 'Let the stage write plain JSON; NaN and Infinity are no JSON.',
      cause: error,
    });
  }
}
