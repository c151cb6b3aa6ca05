/** C0 but for tab and line feed, delete, and C1: what steers a terminal. */
const STEERING = /[^\P{Cc}\t\n]/gu;

/** The text with every character that would steer a terminal written `\xhh`: names of files may hold any. */
export function visible(text: string): string {
  return text.replace(STEERING, (each) => `\\x${each.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
