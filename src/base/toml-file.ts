import { parse, TomlDate, TomlError, type TomlTable, type TomlValue } from 'smol-toml';
import type { JsonValue } from './canonical-json.js';
import { refuseConflictMarkers } from './conflict-markers.js';
import { userError, type Location } from './errors.js';
import { tomlPlaces } from './toml-places.js';
import type { YamlFile } from './yaml-file.js';

const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * Parses TOML. Dates and times become texts as TOML writes them. Throws `toml-syntax` (exit code 2, file:line:column) for anything
 * malformed, whole numbers beyond 2^53 included, and `conflict-markers`.
 */
export function parseTomlFile(text: string, file: string): YamlFile {
  refuseConflictMarkers(text, file);
  const plain = text.replace(BYTE_ORDER_MARK, '');
  const value = jsonOf(parsed(plain, file));
  return {
    file,
    value,
    locate: (path) => nearest(tomlPlaces(plain), path, file),
    source: () => undefined,
  };
}

function parsed(text: string, file: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    // Behind its first line, the message shows the text itself.
    const reason = error.message.split('\n', 1)[0]!.replace(/^Invalid TOML document: /, '');
    throw userError('toml-syntax', `${file} is not valid TOML: ${reason}`, {
      location: { file, line, column },
      hint: 'Correct the file.',
      cause: error,
    });
  }
}

function jsonOf(value: TomlValue): JsonValue {
  if (value instanceof TomlDate) return value.toISOString();
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object') return value as JsonValue;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, jsonOf(each)]));
}

/** Where the longest beginning of a path stands that has a line of its own. */
function nearest(
  places: ReturnType<typeof tomlPlaces>,
  path: readonly (string | number)[],
  file: string,
): Location {
  for (let length = path.length; length > 0; length -= 1) {
    const place = places.get(JSON.stringify(path.slice(0, length).map(String)));
    if (place) return { file, ...place };
  }
  return { file, line: 1, column: 1 };
}
