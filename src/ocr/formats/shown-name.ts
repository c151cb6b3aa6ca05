/** The most characters of a name in a message. */
const SHOWN = 200;

/** A name that a source gives, or its beginning and '…' where it is longer than any file's. */
export function shownName(name: string): string {
  if (name.length <= SHOWN) return name;
  return `${Array.from(name.slice(0, 2 * SHOWN))
    .slice(0, SHOWN)
    .join('')}…`;
}
