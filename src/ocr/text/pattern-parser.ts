import { userError, type OcrpipeError } from '../../base/errors.js';

/** What a pattern says, as a tree. */
export type PatternNode =
  /** One character; `source` is the JavaScript expression that one character must match. */
  | { kind: 'one'; source: string }
  | { kind: 'sequence'; parts: readonly PatternNode[] }
  | { kind: 'choice'; options: readonly PatternNode[] }
  /** `most` is Infinity without a bound. */
  | { kind: 'repeat'; of: PatternNode; least: number; most: number };

/** Larger counts would make automata that no label needs. */
const MOST_REPEATS = 1000;
const SPECIAL = new Set('.*+?()[]{}|\\^$');
const CODE_POINT = /^\\u(?:[0-9a-f]{4}|\{[0-9a-f]{1,6}\})/i;
const CLASS_ESCAPES = /^\\(?:[dDsSwW]|[pP]\{[^{}]+\})$/;

/**
 * Reads a pattern for whole texts, a part of JavaScript's regular expressions with the flag `u`: characters, `.`, `[A-Z]`, `[^0-9]`, `\d \w \s
 * \p{Lu}` and their opposites, `\` before a special character, groups `( )` and `(?: )`, `|`, and `? * + {n} {n,} {n,m}`. Throws
 * `bad-pattern` (exit code 2) with the place of the mistake.
 */
export function parsePattern(pattern: string): PatternNode {
  return new PatternParser(pattern.normalize('NFC')).whole();
}

class PatternParser {
  readonly #pattern: string;
  readonly #characters: string[];
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#characters = Array.from(pattern);
  }

  whole(): PatternNode {
    const found = this.#choice();
    if (this.#at < this.#characters.length) throw this.#wrong(`')' closes no group`);
    return found;
  }

  #choice(): PatternNode {
    const options = [this.#sequence()];
    while (this.#takes('|')) options.push(this.#sequence());
    return options.length === 1 ? options[0]! : { kind: 'choice', options };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (let next = this.#next(); next !== undefined && next !== '|' && next !== ')'; next = this.#next()) {
      parts.push(this.#repeated());
    }
    return { kind: 'sequence', parts };
  }

  #repeated(): PatternNode {
    const of = this.#single();
    const bounds = this.#bounds();
    if (bounds === undefined) return of;
    if (['?', '*', '+', '{'].includes(this.#next() ?? ''))
      throw this.#wrong('nothing stands between two counts');
    return { kind: 'repeat', of, least: bounds[0], most: bounds[1] };
  }

  #bounds(): [number, number] | undefined {
    if (this.#takes('?')) return [0, 1];
    if (this.#takes('*')) return [0, Infinity];
    if (this.#takes('+')) return [1, Infinity];
    if (this.#next() !== '{') return undefined;
    const written = this.#upTo('}', 'the count');
    const match = /^\{(\d+)(,(\d*))?\}$/.exec(written);
    if (match === null) throw this.#wrong(`'${written}' is no count: write {2}, {2,} or {2,4}`);
    const least = Number(match[1]);
    const most = match[2] === undefined ? least : match[3] === '' ? Infinity : Number(match[3]);
    if (most < least) throw this.#wrong(`'${written}' counts backwards`);
    if (least > MOST_REPEATS || (most !== Infinity && most > MOST_REPEATS)) {
      throw this.#wrong(`'${written}' is above ${MOST_REPEATS}`);
    }
    return [least, most];
  }

  #single(): PatternNode {
    const next = this.#next()!;
    if (next === '(') return this.#group();
    if (next === '[') return this.#one(this.#characterClass());
    if (next === '\\') return this.#one(this.#escape());
    if (next !== '.' && SPECIAL.has(next)) throw this.#wrong(explainSpecial(next));
    this.#at += 1;
    return this.#one(next === '.' ? '[^]' : next);
  }

  #group(): PatternNode {
    this.#at += 1;
    if (this.#takes('?') && !this.#takes(':')) throw this.#wrong("of groups with '(?' only '(?:' is known");
    const found = this.#choice();
    if (!this.#takes(')')) throw this.#wrong("a group has no ')'");
    return found;
  }

  #characterClass(): string {
    const start = this.#at;
    for (this.#at += 1; this.#next() !== ']'; this.#at += this.#next() === '\\' ? 2 : 1) {
      if (this.#next() === undefined) throw this.#wrong("a '[' has no ']'");
    }
    this.#at += 1;
    return this.#characters.slice(start, this.#at).join('');
  }

  #escape(): string {
    const kind = this.#characters[this.#at + 1];
    if (kind === undefined) throw this.#wrong("nothing follows '\\'");
    if (kind === 'u') return this.#codePoint();
    const source = /[pP]/.test(kind) ? this.#upTo('}', '\\p{…}') : `\\${kind}`;
    if (!/[pP]/.test(kind)) this.#at += 2;
    if (CLASS_ESCAPES.test(source) || SPECIAL.has(kind) || kind === '/' || kind === '-') return source;
    throw this.#wrong(`'${source}' is not known: write the character without '\\'`);
  }

  #codePoint(): string {
    const [source] = CODE_POINT.exec(this.#characters.slice(this.#at, this.#at + 10).join('')) ?? [];
    if (source === undefined)
      throw this.#wrong("'\\u' is followed by four hexadecimal digits, or up to six in {}");
    this.#at += source.length;
    return source;
  }

  /** The expression, if JavaScript takes it for one character. */
  #one(source: string): PatternNode {
    const checked = source === '\\-' ? '-' : source;
    try {
      return { kind: 'one', source: new RegExp(checked, 'u').source };
    } catch {
      throw this.#wrong(`'${source}' is no set of characters`);
    }
  }

  #upTo(end: string, what: string): string {
    const close = this.#characters.indexOf(end, this.#at);
    if (close === -1) throw this.#wrong(`${what} has no '${end}'`);
    const taken = this.#characters.slice(this.#at, close + 1).join('');
    this.#at = close + 1;
    return taken;
  }

  #next(): string | undefined {
    return this.#characters[this.#at];
  }

  #takes(character: string): boolean {
    if (this.#next() !== character) return false;
    this.#at += 1;
    return true;
  }

  #wrong(why: string): OcrpipeError {
    return badPattern(this.#pattern, `at character ${this.#at + 1}, ${why}`);
  }
}

function explainSpecial(character: string): string {
  if (character === '^' || character === '$') {
    return `'${character}' is not needed: a pattern is always for the whole text; write '\\${character}' for the character`;
  }
  if ('?*+{'.includes(character)) return `'${character}' repeats nothing`;
  return `'${character}' stands alone; write '\\${character}' for the character`;
}

/** `bad-pattern` (exit code 2). */
export function badPattern(pattern: string, why: string): OcrpipeError {
  return userError('bad-pattern', `the pattern '${pattern}' cannot be used: ${why}`, {
    hint: "A pattern is a regular expression for the whole text, such as '[A-Z]{2}\\d{4}[A-Z]?'.",
  });
}
