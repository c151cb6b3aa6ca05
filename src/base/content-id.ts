import { hash } from 'node:crypto';

/** Lower-case hex SHA-256 of some bytes: the name of a blob or tree everywhere. */
export type ContentId = string & { readonly __brand: 'ContentId' };

const PATTERN = /^[0-9a-f]{64}$/;

/** True if `text` has the form of a content id. */
export function isContentId(text: unknown): text is ContentId {
  return typeof text === 'string' && PATTERN.test(text);
}

/** The content id of `bytes`. */
export function contentIdOf(bytes: Uint8Array | string): ContentId {
  return hash('sha256', bytes, 'hex') as ContentId;
}

/** The content id held in 32 raw bytes at `offset`. */
export function contentIdFromBytes(bytes: Uint8Array, offset = 0): ContentId {
  // Another view of the memory takes several times as long to make as the text.
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString('hex', offset, offset + 32) as ContentId;
}
