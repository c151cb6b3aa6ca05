import { setTimeout as delay } from 'node:timers/promises';
import { isPassing, isUnreachable, remoteChanged } from './remote-errors.js';
import type {
  Capabilities,
  Described,
  Download,
  GetOptions,
  Listed,
  PutOptions,
  Remote,
  Traffic,
  UploadBody,
} from './remote.js';

type Signal = { signal?: AbortSignal | undefined };

/** How often and how patiently a failed request is made again. */
export interface RetryPolicy {
  /** Attempts in all. */
  attempts: number;
  /** Longest wait before the second attempt; each further one may be twice as long. Milliseconds. */
  firstDelayMs: number;
  maxDelayMs: number;
  /** A number in [0, 1): waits are spread, so that many clients do not come back at once. */
  random: () => number;
}

const DEFAULT_RETRY: RetryPolicy = {
  attempts: 6,
  firstDelayMs: 200,
  maxDelayMs: 5_000,
  random: Math.random,
};

/**
 * Another attempt for what may pass (`remote-busy`, `remote-interrupted`), and a download that breaks off goes on from
 * where it stopped, of the same object.
 */
export class RetryingRemote implements Remote {
  readonly #inner: Remote;
  readonly #policy: RetryPolicy;
  /** A server that answered once and is gone is probably restarting; one that never did is a wrong address. */
  #answered = false;

  constructor(inner: Remote, policy: RetryPolicy = DEFAULT_RETRY) {
    this.#inner = inner;
    this.#policy = policy;
  }

  get where(): string {
    return this.#inner.where;
  }

  get traffic(): Traffic {
    return this.#inner.traffic;
  }

  get capabilities(): Capabilities {
    return this.#inner.capabilities;
  }

  list(prefix: string, options: Signal = {}): Promise<Listed[]> {
    return this.#attempt(options, () => this.#inner.list(prefix, options));
  }

  async get(key: string, options: GetOptions = {}): Promise<Download | undefined> {
    const first = await this.#attempt(options, () => this.#inner.get(key, options));
    return first && { ...first, body: this.#continued(key, first, options) };
  }

  describe(key: string, options: Signal = {}): Promise<Described | undefined> {
    return this.#attempt(options, () => this.#inner.describe(key, options));
  }

  put(key: string, body: UploadBody, options: PutOptions): Promise<'created' | 'exists'> {
    return this.#attempt(options, () => this.#inner.put(key, body, options));
  }

  delete(key: string, options: Signal = {}): Promise<void> {
    return this.#attempt(options, () => this.#inner.delete(key, options));
  }

  now(options: Signal = {}): Promise<Date> {
    return this.#attempt(options, () => this.#inner.now(options));
  }

  close(): void {
    this.#inner.close();
  }

  async #attempt<T>(options: Signal, request: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await request();
        this.#answered = true;
        return answer;
      } catch (error) {
        if (!this.#mayPass(error) || attempt >= this.#policy.attempts) throw error;
      }
      await this.#wait(attempt, options.signal);
    }
  }

  #mayPass(error: unknown): boolean {
    return isPassing(error) || (this.#answered && isUnreachable(error));
  }

  async #wait(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    const { firstDelayMs, maxDelayMs, random } = this.#policy;
    const longest = Math.min(maxDelayMs, firstDelayMs * 2 ** (attempt - 1));
    try {
      await delay(longest * (0.5 + random() / 2), undefined, signal ? { signal } : {});
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  }

  /** The bytes of a download in one go, whatever connections they take. Attempts count anew once bytes arrive. */
  async *#continued(key: string, first: Download, options: GetOptions): AsyncGenerator<Uint8Array> {
    const start = options.range?.start ?? 0;
    let received = 0;
    let download = first;
    for (let attempt = 1; ; attempt += 1) {
      try {
        for await (const chunk of download.body) {
          received += chunk.length;
          attempt = 1;
          yield chunk;
        }
        return;
      } catch (error) {
        if (!isPassing(error) || attempt >= this.#policy.attempts) throw error;
      }
      await this.#wait(attempt, options.signal);
      if (received === first.size) return;
      download = await this.#rest(
        key,
        first.etag,
        { start: start + received, end: start + first.size },
        options,
      );
    }
  }

  async #rest(
    key: string,
    ifMatch: string,
    range: { start: number; end: number },
    options: Signal,
  ): Promise<Download> {
    const rest = await this.#attempt(options, () =>
      this.#inner.get(key, { range, ifMatch, signal: options.signal }),
    );
    if (rest === undefined) throw remoteChanged(this.where, key);
    return rest;
  }
}
