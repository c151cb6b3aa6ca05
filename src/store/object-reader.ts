import { OcrpipeError } from '../base/errors.js';
import type { ContentId } from '../base/content-id.js';
import type { ObjectKind } from './format.js';

/**
 * Anything that objects can be read from: a local store, a remote's view, both in turn. Trees are walked over this.
 * `has` asks the place itself; where `size` (bytes) is given, a copy of another length counts as absent. `read` returns exactly
 * the bytes that the id names (their SHA-256 was compared) and throws `object-missing` or `object-damaged`, both naming the
 * object.
 */
export interface ObjectReader {
  has(kind: ObjectKind, id: ContentId, size?: number): boolean;
  read(kind: ObjectKind, id: ContentId): Buffer;
}

/** The object is nowhere in `where`. */
export function objectMissing(kind: ObjectKind, id: ContentId, where: string, hint?: string): OcrpipeError {
  return new OcrpipeError('object-missing', `the ${kind} ${id} is not in ${where}`, {
    hint: hint ?? "Run 'ocrpipe pull' to get it from a remote.",
  });
}

/** What brings back an object whose stored copy is wrong: what was found damaged counts as absent from then on. */
export const HEAL_HINT =
  "If the file is still there, run 'ocrpipe add' on its path, or 'ocrpipe commit' for what a stage made; or 'ocrpipe pull' gets it from a remote. Each stores it anew.";

/** The object is there, but its bytes are not those that its id names. */
export function objectDamaged(kind: ObjectKind, id: ContentId, where: string, reason: string): OcrpipeError {
  return new OcrpipeError('object-damaged', `the ${kind} ${id} in ${where} is damaged: ${reason}`, {
    hint: HEAL_HINT,
  });
}
