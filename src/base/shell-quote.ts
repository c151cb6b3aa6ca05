/** Words that a shell takes as they are. */
const PLAIN = /^[\p{L}\p{N}_@%+=:,./-]+$/u;

/** A path as it has to be typed in a shell, for the commands that messages name: quoted if need be, never a flag. */
export function shellQuote(path: string): string {
  const safe = path.startsWith('-') ? `./${path}` : path;
  return PLAIN.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}
