/**
 * Patterns as git matches them against names and paths, byte by byte: texts hold one character a byte (latin1). `*` and `?` pass
 * over no '/', `**` between slashes does, `[a-z]`, `[!a]` and `[[:alpha:]]` are classes of bytes, `\` takes the next character
 * as it is. (gitignore(5), gitglossary(7), and what git answers where these are silent.)
 */
export interface Wildmatch {
  (text: string): boolean;
}

/** One step of a pattern: a byte of a set, or any number of bytes. */
type Token =
  | { type: 'byte'; code: number }
  | { type: 'set'; bytes: Uint8Array }
  /** `slashes`: also over '/'. `optional`: this and the '/' behind it may match nothing at all. */
  | { type: 'many'; slashes: boolean; optional: boolean };

const SLASH = 0x2f;

/** A pattern that never matches: an unfinished class or escape. */
const never: Wildmatch = () => false;

/** Compiles a pattern. Matching takes time in proportion to pattern times text, whatever the pattern. */
export function wildmatch(pattern: string): Wildmatch {
  const tokens = tokensOf(pattern);
  if (tokens === undefined) return never;
  const [first, ...rest] = tokens;
  const literal = literalOf(tokens);
  if (literal !== undefined) return (text) => text === literal;
  const end = literalOf(rest);
  if (first?.type === 'many' && end !== undefined && !end.includes('/')) {
    return first.slashes || end === ''
      ? matchTokens(tokens)
      : (text) => text.endsWith(end) && !text.slice(0, text.length - end.length).includes('/');
  }
  return matchTokens(tokens);
}

function literalOf(tokens: readonly Token[]): string | undefined {
  const codes = tokens.map((token) => (token.type === 'byte' ? token.code : -1));
  return codes.includes(-1) ? undefined : String.fromCharCode(...codes);
}

/** Follows all ways through the pattern at once. */
function matchTokens(tokens: readonly Token[]): Wildmatch {
  const end = tokens.length;
  const spare = [new Uint8Array(end + 1), new Uint8Array(end + 1)] as const;
  return (text) => {
    let [here, next] = spare;
    here.fill(0);
    reach(tokens, here, 0);
    for (let index = 0; index < text.length; index += 1) {
      next.fill(0);
      if (!stepAll(tokens, { here, next }, text.charCodeAt(index))) return false;
      [here, next] = [next, here];
    }
    return here[end] === 1;
  };
}

/** Takes one byte at every place that was reached; false if none goes on. */
function stepAll(
  tokens: readonly Token[],
  { here, next }: { here: Uint8Array; next: Uint8Array },
  code: number,
): boolean {
  let any = false;
  for (const [at, token] of tokens.entries()) {
    const to = here[at] === 1 ? stepOver(token, at, code) : -1;
    if (to < 0) continue;
    reach(tokens, next, to, to === at);
    any = true;
  }
  return any;
}

/** The place in the pattern after one byte; -1 if it does not match. */
function stepOver(token: Token, at: number, code: number): number {
  switch (token.type) {
    case 'byte':
      return token.code === code ? at + 1 : -1;
    case 'set':
      return token.bytes[code] === 1 ? at + 1 : -1;
    case 'many':
      return token.slashes || code !== SLASH ? at : -1;
  }
}

/** Marks a place, and those that need no further byte. What has taken bytes (`stayed`) cannot have matched nothing. */
function reach(tokens: readonly Token[], places: Uint8Array, at: number, stayed = false): void {
  const token = tokens[at];
  places[at] = 1;
  if (token?.type !== 'many') return;
  reach(tokens, places, at + 1);
  if (token.optional && !stayed) reach(tokens, places, at + 2);
}

function tokensOf(pattern: string): Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length;) {
    const character = pattern[at]!;
    if (character === '*') at = readStars(pattern, at, tokens);
    else if (character === '[') {
      const set = readSet(pattern, at + 1);
      if (set === undefined) return undefined;
      tokens.push({ type: 'set', bytes: set.bytes });
      at = set.end;
    } else if (character === '?') {
      tokens.push({ type: 'set', bytes: allBut([SLASH]) });
      at += 1;
    } else {
      if (character === '\\') at += 1;
      if (at >= pattern.length) return undefined;
      tokens.push({ type: 'byte', code: pattern.charCodeAt(at) });
      at += 1;
    }
  }
  return tokens;
}

/** Two or more stars pass over '/' where they stand between slashes or ends; elsewhere they are as one. */
function readStars(pattern: string, start: number, tokens: Token[]): number {
  let end = start;
  while (pattern[end] === '*') end += 1;
  const rest = pattern.slice(end);
  const alone = (start === 0 || pattern[start - 1] === '/') && /^(?:$|\/|\\\/)/.test(rest);
  const slashes = end - start > 1 && alone;
  tokens.push({ type: 'many', slashes, optional: slashes && rest.startsWith('/') });
  return end;
}

function allBut(codes: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(256).fill(1);
  for (const code of codes) bytes[code] = 0;
  return bytes;
}

/** A class from behind its '['; undefined if it does not end or names an unknown one. A ']' in the first place is one of it. */
function readSet(pattern: string, start: number): { bytes: Uint8Array; end: number } | undefined {
  const negated = pattern[start] === '!' || pattern[start] === '^';
  const bytes = new Uint8Array(256);
  const first = negated ? start + 1 : start;
  let before = -1;
  for (let at = first; at < pattern.length;) {
    if (pattern[at] === ']' && at > first) {
      const found = negated ? bytes.map((held) => 1 - held) : bytes;
      found[SLASH] = 0;
      return { bytes: found, end: at + 1 };
    }
    const member = readMember(pattern, at, before);
    if (member === undefined) return undefined;
    for (const code of member.codes) bytes[code] = 1;
    before = member.last;
    at = member.end;
  }
  return undefined;
}

interface Member {
  codes: readonly number[];
  /** Where a range may begin; -1 behind a range or a named class. */
  last: number;
  end: number;
}

function readMember(pattern: string, at: number, before: number): Member | undefined {
  if (pattern[at] === '-' && before >= 0 && at + 1 < pattern.length && pattern[at + 1] !== ']') {
    const to = pattern[at + 1] === '\\' ? at + 2 : at + 1;
    if (to >= pattern.length) return undefined;
    return { codes: range(before, pattern.charCodeAt(to)), last: -1, end: to + 1 };
  }
  if (pattern.startsWith('[:', at)) {
    const close = pattern.indexOf(']', at + 2);
    if (close === -1) return undefined;
    if (close > at + 2 && pattern[close - 1] === ':') {
      const named = NAMED[pattern.slice(at + 2, close - 1)];
      return (
        named && {
          codes: range(0, 127).filter((code) => named.test(String.fromCharCode(code))),
          last: -1,
          end: close + 1,
        }
      );
    }
  }
  const place = pattern[at] === '\\' ? at + 1 : at;
  if (place >= pattern.length) return undefined;
  const code = pattern.charCodeAt(place);
  return { codes: [code], last: code, end: place + 1 };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

/** Of ASCII only, and with git's idea of a space. */
const NAMED: Readonly<Record<string, RegExp | undefined>> = {
  alnum: /[a-z0-9]/i,
  alpha: /[a-z]/i,
  blank: /[ \t]/,
  // eslint-disable-next-line no-control-regex
  cntrl: /[\0-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9a-f]/i,
};
