import { readFileSync } from 'node:fs';
import { systemErrorCode, userError } from '../../base/errors.js';
import { binaryKind } from './binary-kind.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The text of a label file, without a byte order mark. Throws (exit code 2, naming the file) `label-file-unreadable`,
 * `label-file-not-utf8`, and `label-file-empty` if there is nothing but white space.
 */
export function readLabelFile(file: string): string {
  const text = readTextFile(file);
  if (text.trim() === '') {
    throw userError('label-file-empty', `${file} is empty: it holds no label`, {
      location: { file },
      hint: 'Write the label into it, or remove it with its image.',
    });
  }
  return text;
}

/** The text of a file that may be empty, without a byte order mark. Throws (exit code 2, naming the file) `label-file-unreadable` and `label-file-not-utf8`. */
export function readTextFile(file: string): string {
  return decode(readBytes(file), file);
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = systemErrorCode(error) ?? 'reading failed';
    throw userError('label-file-unreadable', `${file} cannot be read: ${code}`, {
      location: { file },
      cause: error,
    });
  }
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    const kind = binaryKind(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    throw userError('label-file-not-utf8', `${file} is ${kind?.what ?? 'not UTF-8'}`, {
      location: { file },
      hint: kind?.hint ?? 'Save it as UTF-8.',
      cause: error,
    });
  }
}

/** Parsed JSON of a label file; `label-file-syntax` if it is none. */
export function parseJsonLabels(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw userError('label-file-syntax', `${file} is not valid JSON: ${reason}`, {
      location: { file },
      hint: 'Correct the file, or export it again.',
      cause: error,
    });
  }
}

/** An error about what a label file says. */
export function labelFileError(code: string, file: string, what: string, hint: string): Error {
  return userError(code, `${file}: ${what}`, { location: { file }, hint });
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` as a list; anything but an array is an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
