/** The most characters of a sample that are shown: its beginning tells what it is. */
const SHOWN_CHARACTERS = 60;

/** `text`, or its beginning and '…' where it is longer than a line of output should be. */
export function shortened(text: string): string {
  const all = Array.from(text);
  return all.length <= SHOWN_CHARACTERS ? text : `${all.slice(0, SHOWN_CHARACTERS - 1).join('')}…`;
}
