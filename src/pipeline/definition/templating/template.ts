import { parse } from 'yaml';
import type { JsonValue } from '../../../base/canonical-json.js';

/** One `${…}` of a text. */
export interface Reference {
  /** As it is written, braces included. */
  readonly text: string;
  /** The keys and indexes that lead to the value. */
  readonly path: readonly [string, ...string[]];
  /** What stands behind `:-`: a value, or another reference. */
  readonly fallback?: { readonly value: JsonValue } | { readonly reference: Reference };
}

/** A text with references: literal texts and references in the order in which they stand. */
export type Template = readonly (string | Reference)[];

/** What is wrong with one `${…}`. */
export interface TemplateMistake {
  /** The beginning of what cannot be read. */
  readonly text: string;
  readonly message: string;
}

/** True if a text may have references or escaped ones. */
export function hasTemplate(text: string): boolean {
  return text.includes('${');
}

/**
 * `a ${b.c[0]:-default} \${d}` -> its parts. Backslashes that stand directly before `${` come in pairs, each of which is one backslash; one that is
 * left over takes the `${` as it is. Pure.
 */
export function parseTemplate(text: string): { template: Template } | { mistake: TemplateMistake } {
  const parts: (string | Reference)[] = [];
  let rest = 0;
  for (const { index, 0: found } of text.matchAll(/\\*\$\{/g)) {
    if (index < rest) continue; // it stands inside a reference
    const backslashes = found.length - 2;
    const open = index + backslashes;
    parts.push(text.slice(rest, index), '\\'.repeat(Math.floor(backslashes / 2)));
    rest = open + 2;
    if (backslashes % 2 === 1) {
      parts.push('${');
      continue;
    }
    const reader = new ReferenceReader(text, open);
    const reference = reader.read();
    if (typeof reference === 'string') return { mistake: { text: reader.seen(), message: reference } };
    parts.push(reference);
    rest = reader.end;
  }
  return { template: joined([...parts, text.slice(rest)]) };
}

/** Texts that stand side by side become one; empty ones go, unless nothing else is left. */
function joined(parts: readonly (string | Reference)[]): Template {
  const whole: (string | Reference)[] = [];
  for (const part of parts) {
    const last = whole.at(-1);
    if (typeof part === 'string' && typeof last === 'string') whole[whole.length - 1] = last + part;
    else if (part !== '') whole.push(part);
  }
  return whole.length === 0 ? [''] : whole;
}

const SEGMENT = /(?:\\.|[\p{L}\p{N}_@+=/-])+/uy;
const INDEX = /\[\s*(?:(\d+)|"((?:[^"\\]|\\.)*)"|'([^']*)')\s*\]/uy;
const SPACE = /\s*/uy;
const QUOTED = /"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'/uy;
const LIST = /\[[^\]]*\]/uy;
const PLAIN = /[^}]*/uy;

/** Reads one reference, from its `${` on. */
class ReferenceReader {
  end: number;
  private readonly text: string;
  private readonly start: number;

  constructor(text: string, start: number) {
    this.text = text;
    this.start = start;
    this.end = start + 2;
  }

  /** The reference, or what is wrong with it. */
  read(): Reference | string {
    this.take(SPACE);
    const path = this.path();
    if (path === undefined) return 'no name of a value';
    this.take(SPACE);
    const fallback = this.text.startsWith(':-', this.end) ? this.fallback() : undefined;
    if (typeof fallback === 'string') return fallback;
    this.take(SPACE);
    if (this.text[this.end] !== '}')
      return this.end >= this.text.length ? 'no } at its end' : 'no name of a value';
    this.end += 1;
    return { text: this.text.slice(this.start, this.end), path, ...(fallback && { fallback }) };
  }

  /** What a message shows of a reference that cannot be read. */
  seen(): string {
    const close = this.text.indexOf('}', this.start);
    const line = this.text.slice(this.start).split('\n', 1)[0]!;
    return close === -1 ? line.slice(0, 40) : this.text.slice(this.start, close + 1);
  }

  private path(): [string, ...string[]] | undefined {
    const first = this.segment();
    if (first === undefined) return undefined;
    const path: [string, ...string[]] = [first];
    for (;;) {
      const index = this.match(INDEX);
      if (index) path.push(index[1] ?? (index[2] === undefined ? index[3]! : unquoted(`"${index[2]}"`)));
      else if (this.text[this.end] === '.') {
        this.end += 1;
        const next = this.segment();
        if (next === undefined) return undefined;
        path.push(next);
      } else return path;
    }
  }

  private segment(): string | undefined {
    return this.take(SEGMENT)?.replaceAll(/\\(.)/gsu, '$1');
  }

  private fallback(): Reference['fallback'] | string {
    this.end += 2;
    this.take(SPACE);
    if (this.text.startsWith('${', this.end)) {
      const inner = new ReferenceReader(this.text, this.end);
      const reference = inner.read();
      this.end = inner.end;
      return typeof reference === 'string' ? reference : { reference };
    }
    const quoted = this.take(QUOTED);
    if (quoted !== undefined) return { value: unquoted(quoted) };
    const list = this.take(LIST);
    if (list !== undefined) return readList(list);
    const plain = this.take(PLAIN)!.trim();
    return plain.includes('${') ? 'a default that is partly a reference' : { value: coreScalar(plain) };
  }

  private take(pattern: RegExp): string | undefined {
    return this.match(pattern)?.[0];
  }

  private match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.end;
    const found = pattern.exec(this.text);
    if (!found) return undefined;
    this.end = pattern.lastIndex;
    return found;
  }
}

function unquoted(text: string): string {
  return text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : String(parsed(text));
}

function readList(text: string): Reference['fallback'] | string {
  const value = parsed(text);
  return Array.isArray(value) ? { value: value as JsonValue } : 'a default that is no list';
}

/** YAML 1.2 core, undefined where it is none. */
function parsed(text: string): unknown {
  try {
    return parse(text, { version: '1.2', schema: 'core' }) as unknown;
  } catch {
    return undefined;
  }
}

/** A plain scalar of YAML 1.2 core, except that nothing at all is the empty text. */
function coreScalar(text: string): JsonValue {
  if (/^(?:null|Null|NULL|~)$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  return /^(?:[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?|0x[\da-fA-F]+|0o[0-7]+)$/.test(text)
    ? Number(text)
    : text;
}
