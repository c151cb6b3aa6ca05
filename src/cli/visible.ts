/** C0 but for tab and line feed, delete, and C1: what steers a terminal. */
const STEERING = /[^\P{Cc}\t\n]/gu;

const IN_ONE_LINE = /\p{Cc}/gu;

/** The text with every character that would steer a terminal written `\xhh`: names of files may hold any. */
export function visible(text: string): string {
  return text.replace(STEERING, written);
}

/** The same for a name or a message in a line: tabs and line feeds are written out as well, so that it cannot be taken for another line. */
export function visibleInLine(text: string): string {
  return text.replace(IN_ONE_LINE, written);
}

/** The same for a message whose further lines, if it has any, are indented. */
export function visibleMessage(text: string): string {
  return text.split('\n  ').map(visibleInLine).join('\n  ');
}

function written(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
