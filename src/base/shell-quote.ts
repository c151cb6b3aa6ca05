/** Words that a shell takes as they are. */
const PLAIN = /^[\p{L}\p{N}_@%+=:,./-]+$/u;

/** What a shell still reads between double quotes; '!' in an interactive one. */
const READ_IN_DOUBLE_QUOTES = /["$`\\!\n\r]/;

const CONTROL = /\p{Cc}/u;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * A path as it has to be typed in a shell, for the commands that messages name: quoted if need be, never a flag. Messages put
 * single quotes around commands, so that inside them double ones are easier to read. Characters that steer a terminal, which no
 * message shows as they are, are written as bash, zsh and POSIX's shell of 2024 read them.
 */
export function shellQuote(path: string): string {
  const safe = path.startsWith('-') ? `./${path}` : path;
  if (PLAIN.test(safe)) return safe;
  if (CONTROL.test(safe)) return `$'${safe.replaceAll(/['\\\p{Cc}]/gu, escaped)}'`;
  return READ_IN_DOUBLE_QUOTES.test(safe) ? `'${safe.replaceAll("'", "'\\''")}'` : `"${safe}"`;
}

function escaped(character: string): string {
  if (!CONTROL.test(character)) return `\\${character}`;
  const octal = [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`);
  return SHORT_ESCAPES[character] ?? octal.join('');
}
