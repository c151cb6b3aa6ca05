import { remoteBusy, remoteInterrupted } from '../../src/remote/backends/remote-errors.js';
import type {
  Described,
  Download,
  GetOptions,
  Listed,
  PutOptions,
  Remote,
  Unfinished,
  UploadBody,
} from '../../src/remote/backends/remote.js';
import { RemoteWrapper } from '../../src/remote/backends/remote-wrapper.js';

/** Decides about each request, counted from 1: let it pass, fail it before or after it took effect, or cut its body. */
export type Fault = 'none' | 'busy' | 'lost-request' | 'lost-answer' | { cutAfterBytes: number };
export type Faults = (request: { number: number; operation: string; key: string }) => Fault;

/** A remote over a network that fails as it is told to. */
export class FaultyRemote extends RemoteWrapper implements Remote {
  readonly #faults: Faults;
  #requests = 0;

  constructor(inner: Remote, faults: Faults) {
    super(inner);
    this.#faults = faults;
  }

  list(prefix: string, options?: { signal?: AbortSignal | undefined }): Promise<Listed[]> {
    return this.#request('list', prefix, () => this.inner.list(prefix, options));
  }

  async get(key: string, options?: GetOptions): Promise<Download | undefined> {
    const fault = this.#next('get', key);
    const download = await this.#under(fault, () => this.inner.get(key, options));
    if (download === undefined || typeof fault === 'string') return download;
    return { ...download, body: cut(this.where, download.body, fault.cutAfterBytes) };
  }

  describe(key: string, options?: { signal?: AbortSignal | undefined }): Promise<Described | undefined> {
    return this.#request('describe', key, () => this.inner.describe(key, options));
  }

  put(key: string, body: UploadBody, options: PutOptions): Promise<'created' | 'exists'> {
    return this.#request('put', key, () => this.inner.put(key, body, options));
  }

  delete(key: string, options?: { signal?: AbortSignal | undefined }): Promise<void> {
    return this.#request('delete', key, () => this.inner.delete(key, options));
  }

  unfinished(options?: { signal?: AbortSignal | undefined }): Promise<Unfinished[] | undefined> {
    return this.#request('unfinished', '', () => this.inner.unfinished(options));
  }

  discard(one: Unfinished, options?: { signal?: AbortSignal | undefined }): Promise<boolean> {
    return this.#request('discard', one.key, () => this.inner.discard(one, options));
  }

  now(options?: { signal?: AbortSignal | undefined }): Promise<Date> {
    return this.inner.now(options);
  }

  #request<T>(operation: string, key: string, send: () => Promise<T>): Promise<T> {
    return this.#under(this.#next(operation, key), send);
  }

  #next(operation: string, key: string): Fault {
    this.#requests += 1;
    return this.#faults({ number: this.#requests, operation, key });
  }

  async #under<T>(fault: Fault, send: () => Promise<T>): Promise<T> {
    if (fault === 'busy') throw remoteBusy(this.where, 'SlowDown');
    if (fault === 'lost-request') throw remoteInterrupted(this.where, 'ECONNRESET');
    const answer = await send();
    if (fault === 'lost-answer') throw remoteInterrupted(this.where, 'ECONNRESET');
    return answer;
  }
}

async function* cut(
  where: string,
  body: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) throw remoteInterrupted(where, 'ECONNRESET');
  }
}
