import { wildmatch, type Wildmatch } from './wildmatch.js';

/** One line of an ignore file. Texts hold one character a byte. */
export interface IgnorePattern {
  /** Counted from 1. */
  line: number;
  /** As it is written, less a line end and trailing spaces. */
  text: string;
  /** True for `!…`: brings back what an earlier line leaves out. */
  negated: boolean;
  /** True for `…/`: meant are folders only. */
  folders: boolean;
  /** True if it is about the last name alone, wherever it stands; otherwise about the path below the file's folder. */
  nameOnly: boolean;
  matches: Wildmatch;
}

const BOM = '\xef\xbb\xbf';

/** Reads an ignore file (gitignore syntax), its bytes as latin1. What is not valid in a line matches nothing, as in git. */
export function parseIgnoreFile(text: string): IgnorePattern[] {
  const lines = (text.startsWith(BOM) ? text.slice(BOM.length) : text).split('\n');
  return lines.flatMap((line, index) => {
    const pattern = withoutTrailingSpaces(line.replace(/\r$/, ''));
    return line === '' || line.startsWith('#') || pattern === '' ? [] : [parsePattern(pattern, index + 1)];
  });
}

function parsePattern(text: string, line: number): IgnorePattern {
  const negated = text.startsWith('!');
  const whole = negated ? text.slice(1) : text;
  const folders = whole.endsWith('/');
  const pattern = folders ? whole.slice(0, -1) : whole;
  const nameOnly = !pattern.includes('/');
  return {
    line,
    text,
    negated,
    folders,
    nameOnly,
    matches: nameOnly ? wildmatch(pattern) : pathMatch(pattern),
  };
}

/** A slash in front says only that the path is meant. What stands before the first special character is compared as it is. */
function pathMatch(pattern: string): Wildmatch {
  const below = pattern.startsWith('/') ? pattern.slice(1) : pattern;
  const plain = /^[^*?[\\]*/.exec(below)![0];
  const rest = below.slice(plain.length);
  if (rest === '') return (path) => path === plain;
  const matches = wildmatch(rest);
  return (path) => path.startsWith(plain) && matches(path.slice(plain.length));
}

/** A space at the end counts only behind a backslash. */
function withoutTrailingSpaces(line: string): string {
  let end = 0;
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === '\\') {
      at += 1;
      if (at >= line.length) return line;
      end = at + 1;
    } else if (line[at] !== ' ') end = at + 1;
  }
  return line.slice(0, end);
}
