/** Which names below a folder are meant. */
export interface NamePattern {
  /** The folder as it was typed, with a slash at its end; '' for the current one. */
  folder: string;
  matches(name: string): boolean;
}

const WILD = /[*?[]/;

/**
 * A pattern of file names in the syntax of shells: `*` and `?` within a name, `[a-z]` and `[!a-z]`, and `**` for any folders.
 * Undefined for a path without any of these, and for one that is no pattern, such as `[z-a]`.
 */
export function parseNamePattern(path: string): NamePattern | undefined {
  const parts = path.split('/');
  const wild = parts.findIndex((part) => WILD.test(part));
  if (wild === -1) return undefined;
  const folder = parts.slice(0, wild).map((part) => `${part}/`);
  const whole = compiled(`^${parts.slice(wild).map(partSource).join('')}$`);
  return whole && { folder: folder.join(''), matches: (name) => whole.test(name) };
}

function compiled(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'u');
  } catch {
    return undefined;
  }
}

/** One level, with the slash behind it unless it is the last. */
function partSource(part: string, index: number, { length }: readonly string[]): string {
  const isLast = index === length - 1;
  if (part === '**') return isLast ? '.+' : '(?:[^/]+/)*';
  return nameSource(part) + (isLast ? '' : '/');
}

function nameSource(part: string): string {
  return part.replace(
    /\[(!|\^)?(\]?[^\]/]*)\]|[^]/gu,
    (text, not: string | undefined, set: string | undefined) => {
      if (set !== undefined) return `(?!/)[${not ? '^' : ''}${set.replace(/[\\[\]^&~]/g, '\\$&')}]`;
      if (text === '*') return '[^/]*';
      return text === '?' ? '[^/]' : text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    },
  );
}
