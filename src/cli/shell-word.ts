/** One word of a shell, as it was typed: no path, so one that begins with '-' stays a flag. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
