import { isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { refuseConflictMarkers } from './conflict-markers.js';
import { missingSpace, missingSpaceAdvice } from './missing-space.js';
import { userError, type Location, type OcrpipeError } from './errors.js';
import { yamlFault } from './yaml-faults.js';

/** Files that people or ocrpipe write as YAML are small; anything larger is a mistake or an attack. */
const MAX_BYTES = 64 * 1024 * 1024;

export interface LocateOptions {
  readonly key?: boolean;
  readonly part?: string;
}

/** A parsed YAML file that still knows where each value stood. */
export interface YamlFile {
  readonly file: string;
  readonly value: unknown;
  /**
   * Where the value (or, with `key: true`, the key) at `path` stands, or the nearest parent that exists. `part`: where this text
   * stands inside that value or key, if it is found there as it is.
   */
  locate(path: readonly (string | number)[], options?: LocateOptions): Location;
  /** The scalar at `path` as it is written; undefined for any other value, and for what a merge key or an alias fills in. */
  source(path: readonly (string | number)[]): string | undefined;
}

/**
 * Parses YAML 1.2 core. Throws `yaml-syntax` (exit code 2, file:line:column) for anything malformed or without one value as
 * JSON (see `yamlFault`), anchors and aliases when `anchors` is false, and git conflict markers (`conflict-markers`).
 */
export function parseYamlFile(
  text: string,
  file: string,
  options: { anchors?: boolean; maxBytes?: number } = {},
): YamlFile {
  if (Buffer.byteLength(text) > (options.maxBytes ?? MAX_BYTES)) {
    throw userError('yaml-too-large', `${file} is larger than ocrpipe accepts for such a file`);
  }
  refuseConflictMarkers(text, file);
  const lines = new LineCounter();
  const document = parse(text, file, lines);
  const [error] = document.errors;
  if (error) {
    const location = at(file, lines, error.pos[0]);
    const message = error.code === 'RESOURCE_EXHAUSTION' ? 'it is nested too deeply' : error.message;
    throw syntaxError(file, message, location, lineHint(text, location.line));
  }
  const fault = yamlFault(document, { anchors: options.anchors ?? true });
  if (fault) {
    const location = at(file, lines, fault.offset);
    throw syntaxError(file, fault.message, location, lineHint(text, location.line) ?? fault.hint);
  }
  return {
    file,
    value: valueOf(document, file),
    locate: (path, how = {}) => locateIn({ document, lines, file, text }, path, how),
    source: (path) => {
      const node = document.getIn(path, true);
      return isScalar(node) ? node.source : undefined;
    },
  };
}

function parse(text: string, file: string, lineCounter: LineCounter): Document.Parsed {
  try {
    return parseDocument(text, {
      ...{ version: '1.2', schema: 'core', lineCounter, prettyErrors: false },
      // Keys are compared as texts, and in time that grows with their number, by `yamlFault`.
      uniqueKeys: false,
      // Readers of YAML 1.2 know merge keys as well, though its core does not.
      merge: true,
    });
  } catch (error) {
    if (error instanceof RangeError) throw syntaxError(file, 'it is nested too deeply', { file });
    throw error;
  }
}

/** Aliases and merge keys are filled in here: a merge of what is no map is refused, and what grows beyond all bounds. */
function valueOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw syntaxError(file, error.message, { file });
  }
}

function syntaxError(
  file: string,
  message: string,
  location: Location,
  hint = 'Correct the file.',
): OcrpipeError {
  return userError('yaml-syntax', `${file} is not valid YAML: ${message}`, { location, hint });
}

/**
 * A key without a space before its value makes a text of both, and often the next line is what cannot be read then. A reference
 * opens a map where a list or map stands on one line.
 */
function lineHint(text: string, line = 1): string | undefined {
  const lines = text.split('\n');
  for (const near of [line, line - 1, line + 1]) {
    const found = missingSpace(lines[near - 1] ?? '');
    if (found !== undefined) return `Line ${near}: ${missingSpaceAdvice(found)}`;
  }
  const here = lines[line - 1] ?? '';
  if (/^ *\t/.test(here)) return 'Indent with spaces.';
  // Between double quotes YAML reads the backslash itself.
  if (/(?<!\\)\\\$\{/.test(here) && here.includes('"'))
    return 'Between double quotes a backslash is written twice: "\\\\${name}".';
  return here.includes('${')
    ? 'Between [ ] or { }, a text with ${…} stands in quotes: "${name}".'
    : undefined;
}

function at(file: string, lines: LineCounter, offset: number): Location {
  const { line, col } = lines.linePos(offset);
  return { file, line, column: col };
}

interface Parsed {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly file: string;
  readonly text: string;
}

function locateIn(parsed: Parsed, wanted: readonly (string | number)[], how: LocateOptions): Location {
  const { document, lines, file, text } = parsed;
  for (let length = wanted.length; length >= 0; length -= 1) {
    const path = wanted.slice(0, length);
    const node = how.key === true && length > 0 ? keyNode(document, path) : document.getIn(path, true);
    const range = (node as Node | undefined)?.range;
    if (!range) continue;
    const inside = how.part === undefined ? -1 : text.slice(range[0], range[1]).indexOf(how.part);
    return at(file, lines, range[0] + Math.max(0, inside));
  }
  return { file };
}

function keyNode(document: Document, path: readonly (string | number)[]): unknown {
  const parent: unknown = document.getIn(path.slice(0, -1), true) ?? document.contents;
  if (typeof parent !== 'object' || parent === null || !('items' in parent)) return undefined;
  const items = (parent as { items: readonly { key?: unknown }[] }).items;
  const last = path.at(-1);
  return items.find((item) => {
    const key: unknown = item.key;
    return typeof key === 'object' && key !== null && 'value' in key && String(key.value) === String(last);
  })?.key;
}
