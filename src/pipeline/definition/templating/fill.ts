import { canonicalJson, type JsonValue } from '../../../base/canonical-json.js';
import { OcrpipeError } from '../../../base/errors.js';
import { isMap } from '../../../base/json-map.js';
import type { Missing, Scope } from './scope.js';
import { scalarText } from './scalar-text.js';
import { splicedWords } from './spliced-words.js';
import { hasTemplate, parseTemplate, type Reference, type Template } from './template.js';
import type { YamlPath } from '../stage/stage.js';

/** What is wrong with one `${…}` of a file. */
export interface FillMistake {
  readonly kind: 'syntax' | 'unknown' | 'no-text' | 'no-words' | 'not-a-word' | 'not-canonical';
  /** Where the text stands. */
  readonly at: YamlPath;
  /** The text is a key. */
  readonly key: boolean;
  /** The `${…}` as it is written, or the beginning of what cannot be read. */
  readonly text: string;
  readonly reference?: Reference;
  readonly message?: string;
  readonly missing?: Missing;
  readonly value?: JsonValue;
}

export interface Filling {
  readonly scope: Scope;
  readonly mistake: (mistake: FillMistake) => void;
}

/** A value of YAML whose references are found once, to be filled in many times. */
export type Fillable = (filling: Filling) => unknown;

/**
 * Finds the references in all texts of a value. Filled in, a text that is one reference and nothing else becomes the value itself
 * (an item of a list that stands for a list: its items); in any other text stands the value's text. Maps and lists can stand in
 * a text only at `commands(at)`, as words of their own. What holds no reference is not copied.
 */
export function fillable(value: unknown, at: YamlPath, commands: (at: YamlPath) => boolean): Fillable {
  return compile(value, at, commands) ?? (() => value);
}

/** Undefined for what is the same in every filling. */
function compile(value: unknown, at: YamlPath, commands: (at: YamlPath) => boolean): Fillable | undefined {
  if (typeof value === 'string') return compileText(value, { at, key: false, command: commands(at) });
  if (Array.isArray(value)) return compileList(value as unknown[], at, commands);
  return isMap(value) ? compileMap(value, at, commands) : undefined;
}

function compileList(
  items: readonly unknown[],
  at: YamlPath,
  commands: (at: YamlPath) => boolean,
): Fillable | undefined {
  const parts = items.map((item, index) => compile(item, [...at, index], commands));
  if (parts.every((part) => part === undefined)) return undefined;
  return (filling) =>
    items.flatMap((item, index) => {
      const filled = parts[index] ? parts[index](filling) : item;
      return typeof item === 'string' && Array.isArray(filled) ? (filled as unknown[]) : [filled];
    });
}

function compileMap(
  map: Readonly<Record<string, unknown>>,
  at: YamlPath,
  commands: (at: YamlPath) => boolean,
): Fillable | undefined {
  const entries = Object.entries(map).map(([key, value]) => ({
    key,
    value,
    fillKey: compileText(key, { at: [...at, key], key: true, command: false }),
    fill: compile(value, [...at, key], commands),
  }));
  if (entries.every(({ fillKey, fill }) => fillKey === undefined && fill === undefined)) return undefined;
  return (filling) =>
    Object.fromEntries(
      entries.map(({ key, value, fillKey, fill }): [string, unknown] => [
        fillKey ? String(fillKey(filling)) : key,
        fill ? fill(filling) : value,
      ]),
    );
}

interface TextPlace {
  readonly at: YamlPath;
  readonly key: boolean;
  readonly command: boolean;
}

function compileText(text: string, place: TextPlace): Fillable | undefined {
  if (!hasTemplate(text)) return undefined;
  const parsed = parseTemplate(text);
  if ('mistake' in parsed) {
    const mistake: FillMistake = { kind: 'syntax', at: place.at, key: place.key, ...parsed.mistake };
    return (filling) => {
      filling.mistake(mistake);
      return text;
    };
  }
  const { template } = parsed;
  const [only] = template;
  if (template.length === 1 && typeof only === 'object') {
    return (filling) => valueOf(only, place, filling) ?? null;
  }
  return (filling) =>
    template.map((part, index) => partText(part, { template, index, place }, filling)).join('');
}

function partText(
  part: string | Reference,
  where: { template: Template; index: number; place: TextPlace },
  filling: Filling,
): string {
  if (typeof part === 'string') return part;
  const { place } = where;
  const value = valueOf(part, place, filling);
  if (value === undefined) return part.text;
  const mistake = (kind: FillMistake['kind']): string => {
    filling.mistake({ kind, at: place.at, key: place.key, text: part.text, reference: part, value });
    return part.text;
  };
  if (typeof value !== 'object' || value === null) return scalarText(value) ?? mistake('no-text');
  if (!place.command) return mistake('no-text');
  if (!standsAlone(where.template, where.index)) return mistake('not-a-word');
  return splicedWords(value) ?? mistake('no-words');
}

/** True for a reference with white space, or nothing, on either side. */
function standsAlone(template: Template, index: number): boolean {
  const [before, after] = [template[index - 1] ?? '', template[index + 1] ?? ''];
  return (
    typeof before === 'string' &&
    typeof after === 'string' &&
    /(?:^|\s)$/.test(before) &&
    /^(?:\s|$)/.test(after)
  );
}

/** The value of a reference; undefined, and a mistake, if there is none. */
function valueOf(reference: Reference, place: TextPlace, filling: Filling): JsonValue | undefined {
  const found = filling.scope.find(reference.path);
  const { fallback, text } = reference;
  const tell = (mistake: Pick<FillMistake, 'kind'> & Partial<FillMistake>): void => {
    filling.mistake({ at: place.at, key: place.key, text, reference, ...mistake });
  };
  // A name in capitals that nobody gave a value was meant for the shell: its default must not come from here unseen.
  const isEmpty = 'missing' in found ? !isShellName(reference) : found.value === null;
  if (fallback && isEmpty)
    return 'value' in fallback ? fallback.value : valueOf(fallback.reference, place, filling);
  if ('missing' in found) {
    tell({ kind: 'unknown', missing: found.missing });
    return undefined;
  }
  try {
    canonicalJson(found.value);
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    tell({ kind: 'not-canonical', message: error.message, value: found.value });
    return undefined;
  }
  return found.value;
}

/** True for `HOME`, as variables of a shell are named. */
export function isShellName({ path }: Reference): boolean {
  return path.length === 1 && /^[A-Z_][A-Z0-9_]*$/.test(path[0]);
}
