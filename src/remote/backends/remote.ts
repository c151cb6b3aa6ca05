import type { ContentId } from '../../base/content-id.js';

/** One object of a listing. `key` is relative to the root of the remote: 'packs/….cat'. */
export interface Listed {
  key: string;
  /** Bytes. */
  size: number;
  /** Changes whenever the object does; only where it was asked for and the remote has such. */
  etag?: string;
}

/** Bytes from `start` (inclusive) to `end` (exclusive). */
export interface ByteRange {
  start: number;
  end: number;
}

/** What to upload: bytes in memory, or a whole file of exactly `size` bytes. */
export type UploadBody = { bytes: Uint8Array } | { file: string; size: number };

/** What a remote knows of one object without its bytes. */
export interface Described {
  size: number;
  /** Changes whenever the object does; for `ifMatch`. */
  etag: string;
  /** SHA-256 of the bytes where the server keeps it. */
  sha256?: ContentId;
  /** What the server calls this version of the object, where it keeps versions. */
  version?: string;
}

/** Which version of an object, where the server keeps several; the newest if left out. */
export interface VersionOptions {
  version?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** An object, or a range of one, on its way. */
export interface Download {
  /** Bytes that `body` will yield. */
  size: number;
  /** Bytes of the whole object. */
  total: number;
  etag: string;
  /** Must be read to its end or abandoned by leaving the loop: either frees the connection. */
  body: AsyncIterable<Uint8Array>;
}

export interface GetOptions {
  range?: ByteRange;
  /** Throws `remote-changed` if the object is no longer the one with this etag. */
  ifMatch?: string;
  /**
   * As long as the range: where its bytes are put as they arrive, where the remote can do that. Chunks are then parts of it, in
   * their place; others are the caller's to copy (`readInto` does).
   */
  into?: Buffer;
  /** This version of the object, where the server keeps several. */
  version?: string | undefined;
  /** Room of at least 256 KiB for chunks to pass through: each lasts until the next is asked for. */
  through?: Buffer;
  signal?: AbortSignal | undefined;
}

export interface PutOptions {
  /** SHA-256 of the body. The remote refuses other bytes: a damaged upload cannot land (`damaged-upload`). */
  sha256: ContentId;
  /** Create only: an existing object stays as it is and `exists` is returned. */
  ifNoneMatch?: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * The largest body of one request: the largest pack, with its table. Files above this are hashed by the remote itself as they
 * are sent, whoever else checks them. Bytes.
 */
export const WHOLE_BYTES = 68 * 1024 * 1024;

/** Requests made and bytes of bodies moved, retries included. One remote has one of these for its whole life. */
export interface Traffic {
  requests: number;
  sentBytes: number;
  receivedBytes: number;
}

export function noTraffic(): Traffic {
  return { requests: 0, sentBytes: 0, receivedBytes: 0 };
}

/** A write of an object of ours that is under way, or that nobody finished. Nothing of it is visible as an object. */
export interface Unfinished {
  /** What it was to become where that is known, else where it stands: for people. */
  readonly key: string;
  /** Tells it, as it was when it was listed, from all others. */
  readonly id: string;
  /** Of what arrived so far. */
  readonly bytes: number;
  /** When something of it arrived last, by the remote's own clock. */
  readonly lastWritten: Date;
}

/** What a remote can do beyond storing bytes. */
export interface Capabilities {
  /** `ifNoneMatch` is atomic: of several writers one wins. Without it two pushers could both write base n. */
  conditionalCreate: boolean;
}

/**
 * A place that keeps named, immutable byte strings. Keys are '/'-separated relative paths of [A-Za-z0-9._-] parts.
 *
 * - An object becomes visible whole or not at all, and is durable when `put` returns.
 * - What was put is seen by every later `list`, `get` and `describe` of any client.
 * - A missing object is a value (`undefined`), not an error. Other failures throw OcrpipeError: `remote-busy` and
 *   `remote-interrupted` may pass and are worth another attempt, everything else is final. No message holds a secret.
 * - An aborted signal ends a call with the signal's reason; nothing half-written becomes visible.
 */
export interface Remote {
  /** How people know it: `s3://bucket/prefix` or a folder. Never holds a secret. */
  readonly where: string;
  readonly traffic: Traffic;
  readonly capabilities: Capabilities;
  /** Every object whose key starts with `prefix` (which ends with '/'), in any order. */
  list(prefix: string, options?: { etags?: boolean; signal?: AbortSignal | undefined }): Promise<Listed[]>;
  /** `remote-range` if the object is shorter than the range's end. */
  get(key: string, options?: GetOptions): Promise<Download | undefined>;
  describe(key: string, options?: VersionOptions): Promise<Described | undefined>;
  put(key: string, body: UploadBody, options: PutOptions): Promise<'created' | 'exists'>;
  /** Deleting what is not there is no error. */
  delete(key: string, options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * What interrupted writes left, and what is being written: temporary files, uploads in parts, objects of a probe, in any order. Only
   * what this program makes is named, whatever else lies there. Undefined where the remote cannot, or may not, list them.
   */
  unfinished(options?: { signal?: AbortSignal | undefined }): Promise<Unfinished[] | undefined>;
  /** Takes one of them away; false if it is gone, or something of it arrived since it was listed. Who still writes it begins anew. */
  discard(one: Unfinished, options?: { signal?: AbortSignal | undefined }): Promise<boolean>;
  /** The remote's own clock: clients' clocks decide nothing. Costs no request right after another call. */
  now(options?: { signal?: AbortSignal | undefined }): Promise<Date>;
  /** Frees sockets. The remote must not be used afterwards. */
  close(): void;
}

/** Bytes of an upload body. */
export function bodySize(body: UploadBody): number {
  return 'bytes' in body ? body.bytes.length : body.size;
}

/** Gives back the connection, or the file, of a download whose bytes are not wanted: leaving what was never begun would not. */
export async function abandon({ body }: Download): Promise<void> {
  for await (const chunk of body) if (chunk.length > 0) return;
}

/** Reads a whole download into memory; the caller has checked `size` against a bound. */
export async function readAll(download: Download): Promise<Buffer> {
  const whole = Buffer.allocUnsafe(download.size);
  await readInto(download, whole);
  return whole;
}

/** Reads a whole download of a range into a buffer that is as long. `onBytes` is called with each number of bytes that arrived. */
export async function readInto(
  { body }: Download,
  target: Buffer,
  onBytes?: (bytes: number) => void,
): Promise<void> {
  let filled = 0;
  for await (const chunk of body) {
    const isInPlace = chunk.buffer === target.buffer && chunk.byteOffset === target.byteOffset + filled;
    if (!isInPlace) target.set(chunk, filled);
    filled += chunk.length;
    onBytes?.(chunk.length);
  }
}
