/** Words that a shell takes as they are. */
const PLAIN = /^[\p{L}\p{N}_@%+=:,./-]+$/u;

/** What a shell still reads between double quotes; '!' in an interactive one. */
const READ_IN_DOUBLE_QUOTES = /["$`\\!\n\r]/;

/**
 * A path as it has to be typed in a shell, for the commands that messages name: quoted if need be, never a flag. Messages put
 * single quotes around commands, so that inside them double ones are easier to read.
 */
export function shellQuote(path: string): string {
  const safe = path.startsWith('-') ? `./${path}` : path;
  if (PLAIN.test(safe)) return safe;
  return READ_IN_DOUBLE_QUOTES.test(safe) ? `'${safe.replaceAll("'", "'\\''")}'` : `"${safe}"`;
}
