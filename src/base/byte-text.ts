import { isUtf8 } from 'node:buffer';

const ASCII = /^[\0-\x7f]*$/;

/**
 * A path as text for YAML, JSON and people. A byte that is not part of valid UTF-8 is written `\xhh`; so is a backslash that
 * would otherwise be read as the start of such an escape (`\x5c`). All other paths are written as they are.
 */
export function textOfBytes(path: string): string {
  if (ASCII.test(path) && !path.includes('\\x')) return path;
  const bytes = Buffer.from(path, 'latin1');
  const escaped = escapeBackslashes(path);
  if (isUtf8(bytes)) return Buffer.from(escaped, 'latin1').toString('utf8');
  let text = '';
  for (let at = 0; at < escaped.length;) {
    const length = validLength(escaped, at);
    text +=
      length === 0
        ? `\\x${escaped.charCodeAt(at).toString(16)}`
        : Buffer.from(escaped.slice(at, at + length), 'latin1').toString('utf8');
    at += Math.max(1, length);
  }
  return text;
}

function escapeBackslashes(path: string): string {
  return path.replaceAll(/\\(?=x[0-9a-f]{2})/g, '\\x5c');
}

/** Bytes of the valid UTF-8 character at `at`; 0 if there is none. */
function validLength(latin1: string, at: number): number {
  for (let length = 1; length <= 4 && at + length <= latin1.length; length += 1) {
    if (isUtf8(Buffer.from(latin1.slice(at, at + length), 'latin1'))) return length;
  }
  return 0;
}

/** The same of a path in a form that `node:fs` takes. */
export function textOfPath(path: string | Buffer): string {
  return typeof path === 'string' ? path : textOfBytes(path.toString('latin1'));
}
