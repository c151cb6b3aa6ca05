import { attempt, DEFAULT_RETRY, waitAfter, type RetryPolicy } from './attempts.js';
import { isPassing, isUnreachable, remoteChanged, remoteGone } from './remote-errors.js';
import type {
  Described,
  Download,
  GetOptions,
  Listed,
  PutOptions,
  Remote,
  Unfinished,
  UploadBody,
  VersionOptions,
} from './remote.js';
import { RemoteWrapper } from './remote-wrapper.js';

type Signal = { signal?: AbortSignal | undefined };

/**
 * Another attempt for what may pass (`remote-busy`, `remote-interrupted`), and a download that breaks off goes on from
 * where it stopped, of the same object.
 */
export class RetryingRemote extends RemoteWrapper implements Remote {
  readonly #policy: RetryPolicy;
  /** A server that answered once and is gone is probably restarting; one that never did is a wrong address. */
  #answered = false;

  constructor(inner: Remote, policy: RetryPolicy = DEFAULT_RETRY) {
    super(inner);
    this.#policy = policy;
  }

  list(prefix: string, options: Signal & { etags?: boolean } = {}): Promise<Listed[]> {
    return this.#attempt(options, () => this.inner.list(prefix, options));
  }

  async get(key: string, options: GetOptions = {}): Promise<Download | undefined> {
    const first = await this.#attempt(options, () => this.inner.get(key, options));
    return first && { ...first, body: this.#continued(key, first, options) };
  }

  describe(key: string, options: VersionOptions = {}): Promise<Described | undefined> {
    return this.#attempt(options, () => this.inner.describe(key, options));
  }

  put(key: string, body: UploadBody, options: PutOptions): Promise<'created' | 'exists'> {
    return this.#attempt(options, () => this.inner.put(key, body, options));
  }

  delete(key: string, options: Signal = {}): Promise<void> {
    return this.#attempt(options, () => this.inner.delete(key, options));
  }

  unfinished(options: Signal = {}): Promise<Unfinished[] | undefined> {
    return this.#attempt(options, () => this.inner.unfinished(options));
  }

  discard(one: Unfinished, options: Signal = {}): Promise<boolean> {
    return this.#attempt(options, () => this.inner.discard(one, options));
  }

  now(options: Signal = {}): Promise<Date> {
    return this.#attempt(options, () => this.inner.now(options));
  }

  async #attempt<T>({ signal }: Signal, request: () => Promise<T>): Promise<T> {
    try {
      return await attempt(this.#policy, {
        signal,
        mayPass: (error) => this.#mayPass(error),
        request: async () => {
          const answer = await request();
          this.#answered = true;
          return answer;
        },
      });
    } catch (error) {
      throw this.#answered && isUnreachable(error) ? remoteGone(this.where, error) : error;
    }
  }

  #mayPass(error: unknown): boolean {
    return isPassing(error) || (this.#answered && isUnreachable(error));
  }

  /** The bytes of a download in one go, whatever connections they take. Attempts count anew once bytes arrive. */
  async *#continued(key: string, first: Download, options: GetOptions): AsyncGenerator<Uint8Array> {
    const start = options.range?.start ?? 0;
    let received = 0;
    let download = first;
    for (let made = 1; ; made += 1) {
      try {
        for await (const chunk of download.body) {
          received += chunk.length;
          made = 1;
          yield chunk;
        }
        return;
      } catch (error) {
        if (!isPassing(error) || made >= this.#policy.attempts) throw error;
      }
      await waitAfter(this.#policy, made, options.signal);
      if (received === first.size) return;
      download = await this.#rest(key, {
        ...options,
        range: { start: start + received, end: start + first.size },
        ifMatch: first.etag,
        ...(options.into && { into: options.into.subarray(received) }),
      });
    }
  }

  async #rest(key: string, options: GetOptions): Promise<Download> {
    const rest = await this.#attempt(options, () => this.inner.get(key, options));
    if (rest === undefined) throw remoteChanged(this.where, key);
    return rest;
  }
}
