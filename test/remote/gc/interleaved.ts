import type {
  Described,
  Download,
  GetOptions,
  Listed,
  PutOptions,
  Remote,
  Unfinished,
  UploadBody,
} from '../../../src/remote/backends/remote.js';
import { RemoteWrapper } from '../../../src/remote/backends/remote-wrapper.js';

type Signal = { signal?: AbortSignal | undefined };

/** One operation that waits for its turn. */
interface Waiting {
  readonly what: string;
  readonly go: () => void;
}

/** What is done at each step: the number of a waiting actor, or something else that the choice knows. */
export type Choice = (waiting: readonly { actor: string; what: string }[]) => number | 'killed' | 'other';

/**
 * Runs actors one remote operation at a time. The next step is chosen when every actor that still runs waits for its turn, so that
 * the same choices give the same run, whatever the actors do besides.
 */
export class Interleaving {
  readonly #waiting = new Map<string, Waiting>();
  readonly #running = new Set<string>();
  readonly #choose: Choice;
  /** What was done, for people. */
  readonly #steps: string[];

  constructor(choose: Choice, steps: string[]) {
    this.#choose = choose;
    this.#steps = steps;
  }

  /** Starts an actor; its remote is `inner`, one operation after the other. */
  async run<T>(actor: string, inner: Remote, work: (remote: Remote) => Promise<T>): Promise<T | 'killed'> {
    this.#running.add(actor);
    try {
      return await Promise.race([
        work(new TurnRemote(inner, (what) => this.#turn(actor, what))),
        this.#death(actor),
      ]);
    } finally {
      this.#running.delete(actor);
      this.#waiting.delete(actor);
      this.#step();
    }
  }

  readonly #deaths = new Map<string, () => void>();

  #death(actor: string): Promise<'killed'> {
    return new Promise((resolve) => {
      this.#deaths.set(actor, () => {
        resolve('killed');
      });
    });
  }

  #turn(actor: string, what: string): Promise<void> {
    return new Promise((go) => {
      // Who was killed never has a turn again.
      if (!this.#running.has(actor)) return;
      this.#waiting.set(actor, { what, go });
      this.#step();
    });
  }

  #step(): void {
    if (this.#waiting.size < this.#running.size || this.#running.size === 0) return;
    const waiting = [...this.#waiting].sort(([a], [b]) => (a < b ? -1 : 1));
    const told = waiting.map(([actor, { what }]) => ({ actor, what }));
    for (;;) {
      const choice = this.#choose(told);
      if (choice === 'other') continue;
      const [actor, { what, go }] = waiting[choice === 'killed' ? 0 : choice]!;
      this.#steps.push(`${actor}: ${choice === 'killed' ? 'killed before ' : ''}${what}`);
      this.#waiting.delete(actor);
      if (choice === 'killed') this.#deaths.get(actor)!();
      else go();
      return;
    }
  }
}

/** Waits for its turn before each operation; several at once come one after the other. */
class TurnRemote extends RemoteWrapper implements Remote {
  readonly #turn: (what: string) => Promise<void>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(inner: Remote, turn: (what: string) => Promise<void>) {
    super(inner);
    this.#turn = turn;
  }

  list(prefix: string, options?: Signal): Promise<Listed[]> {
    return this.#do(`list ${prefix}`, () => this.inner.list(prefix, options));
  }

  get(key: string, options?: GetOptions): Promise<Download | undefined> {
    return this.#do(`get ${key}`, () => this.inner.get(key, options));
  }

  describe(key: string, options?: Signal): Promise<Described | undefined> {
    return this.#do(`describe ${key}`, () => this.inner.describe(key, options));
  }

  put(key: string, body: UploadBody, options: PutOptions): Promise<'created' | 'exists'> {
    return this.#do(`put ${key}`, () => this.inner.put(key, body, options));
  }

  delete(key: string, options?: Signal): Promise<void> {
    return this.#do(`delete ${key}`, () => this.inner.delete(key, options));
  }

  unfinished(options?: Signal): Promise<Unfinished[] | undefined> {
    return this.#do('list what is unfinished', () => this.inner.unfinished(options));
  }

  discard(one: Unfinished, options?: Signal): Promise<boolean> {
    return this.#do(`discard ${one.key}`, () => this.inner.discard(one, options));
  }

  /** Answers come with a time: asking for it is no step. */
  now(options?: Signal): Promise<Date> {
    return this.inner.now(options);
  }

  #do<T>(what: string, operation: () => Promise<T>): Promise<T> {
    const done = this.#last.then(async () => {
      await this.#turn(what);
      return operation();
    });
    this.#last = done.catch(() => undefined);
    return done;
  }
}
