import { canonicalJson, type JsonValue } from '../../../base/canonical-json.js';
import { contentIdOf } from '../../../base/content-id.js';
import { isMap } from '../../../base/json-map.js';
import { scalarText } from '../templating/scalar-text.js';

/** Longer names of instances are cut; what was cut off is told by a checksum. */
const LONGEST = 60;
const CHECKSUM_DIGITS = 6;

/**
 * The part of an instance's name that stands for one value: the value itself where it is short and has nothing but letters,
 * digits, '_', '.', '=' and '-'; else what is left of it and a checksum of the value, so that it depends on nothing but the value. A
 * map is called by its `name`, or else by all of its values: `lr=0.1_width=32`, keys sorted.
 */
export function valueName(value: JsonValue): string {
  const text = plainName(value);
  return text !== undefined && isName(text) ? text : withChecksum(slug(text ?? 'map'), value);
}

/** The name of a combination of values, in this order: `vgg-64`. */
export function combinedName(values: readonly JsonValue[]): string {
  const name = values.map(valueName).join('-');
  return name.length <= LONGEST ? name : withChecksum(name, values);
}

/** A name that tells this value from others of the same name. */
export function withChecksum(name: string, value: JsonValue): string {
  const checksum = contentIdOf(canonicalJson(value)).slice(0, CHECKSUM_DIGITS);
  return `${name.slice(0, LONGEST - CHECKSUM_DIGITS - 1)}.${checksum}`;
}

/** Undefined for what has no text of its own. */
function plainName(value: JsonValue): string | undefined {
  if (value === null) return 'null';
  if (typeof value !== 'object') return scalarText(value);
  if (Array.isArray(value)) return joined((value as readonly JsonValue[]).map(scalarOf));
  if (!isMap(value)) return undefined;
  const { name } = value;
  if (typeof name === 'string' || typeof name === 'number') return scalarText(name);
  return joined(
    Object.keys(value)
      .sort()
      .map((key) => {
        const text = scalarOf(value[key]!);
        return text === undefined ? undefined : `${key}=${text}`;
      }),
  );
}

function scalarOf(value: JsonValue): string | undefined {
  return value === null ? 'null' : scalarText(value);
}

function joined(texts: readonly (string | undefined)[]): string | undefined {
  return texts.length === 0 || texts.includes(undefined) ? undefined : texts.join('_');
}

function isName(text: string): boolean {
  return text.length <= LONGEST && /^[A-Za-z0-9_.=-]+$/.test(text);
}

/** The letters and digits of a text, without their accents, and '_' for each run of anything else. */
function slug(text: string): string {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  return plain.replaceAll(/[^A-Za-z0-9.=-]+/g, '_').replaceAll(/^_+|_+$/g, '') || '_';
}
