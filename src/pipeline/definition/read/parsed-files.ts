import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { giveTarget, writeTemporary } from '../../../base/atomic-file.js';
import { contentIdOf, type ContentId } from '../../../base/content-id.js';
import type { AbsPath } from '../../../base/paths.js';
import { readRegularFile } from '../../../base/regular-file.js';
import { parseYamlFile, type YamlFile } from '../../../base/yaml-file.js';
import { memoryFolder } from '../../../tracking/memory-folder.js';

/** Raise it where the same text gives another value, or is refused, than before: by another version of the parser, too. */
const VERSION = 1;
/** To parse less than this takes less time than to read what is remembered. Characters. */
const SMALL = 4096;

/**
 * Parses pipeline files, large ones once: their values are remembered by the content id of the text, beside the index. What is remembered can be deleted
 * at any time. A text that was parsed without an error has one value, and where something stands in it is found by parsing it when that is asked.
 */
export class ParsedFiles {
  readonly #file: string;
  #known: ReadonlyMap<string, unknown> | undefined;
  readonly #used = new Map<ContentId, unknown>();

  constructor(root: AbsPath) {
    this.#file = join(memoryFolder(root), 'parsed-files.json');
  }

  /** As `parseYamlFile`, whose errors it throws. */
  parse(text: string, file: string): YamlFile {
    if (text.length < SMALL) return parseYamlFile(text, file);
    const id = contentIdOf(text);
    this.#known ??= readKnown(this.#file);
    if (this.#known.has(id)) return this.#remembered(id, text, file);
    const parsed = parseYamlFile(text, file);
    if (isJson(parsed.value)) this.#used.set(id, parsed.value);
    return parsed;
  }

  /**
   * Keeps the values of the files that were parsed, and no others. Nothing is flushed: what a power cut tears is read as nothing. Where it cannot be
   * written, nothing is lost.
   */
  save(): void {
    if ([...this.#used.keys()].every((id) => this.#known?.has(id) === true)) return;
    const values = JSON.stringify({ version: VERSION, values: Object.fromEntries(this.#used) });
    const content = `${contentIdOf(values)}\n${values}`;
    try {
      giveTarget(writeTemporary(this.#file, content, { flush: false }), this.#file, { content });
    } catch {
      // Somebody else's workspace, or a full disk.
    }
  }

  #remembered(id: ContentId, text: string, file: string): YamlFile {
    const value = this.#known!.get(id);
    this.#used.set(id, value);
    let parsed: YamlFile | undefined;
    const whole = (): YamlFile => (parsed ??= parseYamlFile(text, file));
    return {
      file,
      value,
      locate: (path, options) => whole().locate(path, options),
      source: (path) => whole().source(path),
    };
  }
}

function isJson(value: unknown): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value);
}

/** Nothing, where the file is not there, is damaged or is not what is written here. */
function readKnown(file: string): ReadonlyMap<string, unknown> {
  try {
    const content = readRegularFile(file).toString();
    const end = content.indexOf('\n');
    const values = content.slice(end + 1);
    if (contentIdOf(values) !== content.slice(0, end)) return new Map();
    const known = JSON.parse(values) as { version: number; values: Record<string, unknown> };
    return known.version === VERSION ? new Map(Object.entries(known.values)) : new Map();
  } catch {
    return new Map();
  }
}
