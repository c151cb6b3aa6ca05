import { readFile } from 'node:fs/promises';
import { contentIdOf } from '../../base/content-id.js';
import {
  noTraffic,
  type Described,
  type Download,
  type GetOptions,
  type Listed,
  type PutOptions,
  type Remote,
  type UploadBody,
} from './remote.js';
import { damagedUpload, rangeRefused, remoteChanged } from './remote-errors.js';

/** A remote that lives as long as the process: the reference that the others are tested against. */
export class MemoryRemote implements Remote {
  readonly traffic = noTraffic();
  readonly capabilities = { conditionalCreate: true };
  readonly where: string;
  readonly #objects: Map<string, Buffer>;
  readonly #clock: () => Date;

  /** `shared` lets several clients see one set of objects; `clock` is that of the server. */
  constructor(where = 'memory', shared = new Map<string, Buffer>(), clock: () => Date = () => new Date()) {
    this.where = where;
    this.#objects = shared;
    this.#clock = clock;
  }

  list(prefix: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Listed[]> {
    return this.#answer(options.signal, () =>
      [...this.#objects]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, bytes]) => ({ key, size: bytes.length }))
        .reverse(),
    );
  }

  get(key: string, options: GetOptions = {}): Promise<Download | undefined> {
    return this.#answer(options.signal, () => {
      const whole = this.#objects.get(key);
      if (whole === undefined) return undefined;
      const etag = contentIdOf(whole);
      if (options.ifMatch !== undefined && options.ifMatch !== etag) throw remoteChanged(this.where, key);
      const { start, end } = options.range ?? { start: 0, end: whole.length };
      if (end > whole.length) throw rangeRefused(this.where, key);
      const bytes = whole.subarray(start, end);
      return { size: bytes.length, total: whole.length, etag, body: this.#chunks(bytes, options.signal) };
    });
  }

  describe(key: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Described | undefined> {
    return this.#answer(options.signal, () => {
      const bytes = this.#objects.get(key);
      if (bytes === undefined) return undefined;
      const sha256 = contentIdOf(bytes);
      return { size: bytes.length, etag: sha256, sha256 };
    });
  }

  async put(key: string, body: UploadBody, options: PutOptions): Promise<'created' | 'exists'> {
    const bytes = 'bytes' in body ? Buffer.from(body.bytes) : await readFile(body.file);
    return this.#answer(options.signal, () => {
      this.traffic.sentBytes += bytes.length;
      if (options.ifNoneMatch === true && this.#objects.has(key)) return 'exists';
      if (contentIdOf(bytes) !== options.sha256) throw damagedUpload(this.where, key);
      this.#objects.set(key, bytes);
      return 'created';
    });
  }

  delete(key: string, options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#answer(options.signal, () => {
      this.#objects.delete(key);
    });
  }

  /** An object is here whole at once. */
  unfinished(options: { signal?: AbortSignal | undefined } = {}): Promise<[]> {
    return this.#answer(options.signal, () => []);
  }

  discard(): Promise<boolean> {
    return Promise.resolve(false);
  }

  now(): Promise<Date> {
    return Promise.resolve(this.#clock());
  }

  close(): void {
    // Nothing is held open.
  }

  /** One request: counted, never synchronous, refused once aborted. */
  async #answer<T>(signal: AbortSignal | undefined, work: () => T): Promise<T> {
    await Promise.resolve();
    signal?.throwIfAborted();
    this.traffic.requests += 1;
    return work();
  }

  async *#chunks(bytes: Buffer, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 65_536) {
      signal?.throwIfAborted();
      const chunk = await Promise.resolve(bytes.subarray(at, at + 65_536));
      this.traffic.receivedBytes += chunk.length;
      yield chunk;
    }
  }
}
