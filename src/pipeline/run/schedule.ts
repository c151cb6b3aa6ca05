import { setTimeout as delay } from 'node:timers/promises';
import { ScheduleState, type Outcome, type SchedulePlan } from './schedule-state.js';

/** Seconds that only ever pass. */
export interface Clock {
  now: () => number;
  /** Rejects if aborted. */
  sleep: (seconds: number, signal: AbortSignal) => Promise<void>;
}

/** How a run of a stage ended; `again`: it failed, and is to be run once more after so many seconds, without slots meanwhile. */
export type RunEnd = 'done' | 'failed' | { readonly again: number };

export interface ScheduleRequest extends SchedulePlan {
  /** Called once its dependencies are done, outside the pools: anything but 'run' if there is nothing to run. */
  readonly prepare: (stage: string) => Promise<'done' | 'failed' | 'run'>;
  /** Called while the stage holds its slots. */
  readonly run: (stage: string) => Promise<RunEnd>;
  /** Told of a prepared stage that finds no slots, and in which pools; again where that changes. */
  readonly onWaiting?: (stage: string, pools: readonly string[]) => void;
  /** Starts nothing more once aborted; what runs is waited for. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** Of so many waiting stages, the most urgent ones, each change is told; of the others only that they wait. */
const WATCHED = 20;
/** So long slots are kept free for a more urgent stage that is being looked at. */
const PATIENCE_SECONDS = 0.1;

/**
 * Runs stages side by side as far as the graph and the pools allow, see `ScheduleState`. Resolves when all are settled; rejects
 * with the first error that `prepare` or `run` throws, once everything that runs has ended.
 */
export function runSchedule(request: ScheduleRequest): Promise<ReadonlyMap<string, Outcome>> {
  return new Promise((resolve, reject) => {
    new Schedule(request, resolve, reject).advance();
  });
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now() / 1000,
  sleep: (seconds, signal) => delay(seconds * 1000, undefined, { signal }),
};

/** Carries out what a `ScheduleState` hands out. */
class Schedule {
  readonly #request: ScheduleRequest;
  readonly #resolve: (outcomes: ReadonlyMap<string, Outcome>) => void;
  readonly #reject: (error: unknown) => void;
  readonly #state: ScheduleState;
  readonly #clock: Clock;
  /** What was last told of each waiting stage. */
  readonly #announced = new Map<string, string>();
  readonly #unannounced = new Set<string>();
  readonly #running = new Set<string>();
  /** Since when each stage is being looked at. */
  readonly #preparing = new Map<string, number>();
  /** A timer ends the holding back. */
  #isPatient = false;
  /** Aborted once nothing more is to be started. */
  readonly #over = new AbortController();
  #active = 0;
  #isSettled = false;
  #error: { thrown: unknown } | undefined;

  constructor(
    request: ScheduleRequest,
    resolve: (outcomes: ReadonlyMap<string, Outcome>) => void,
    reject: (error: unknown) => void,
  ) {
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#clock = request.clock ?? SYSTEM_CLOCK;
    this.#state = new ScheduleState(request);
  }

  /** Starts whatever may start now; settles the whole when nothing is left. */
  advance(): void {
    if (this.#isSettled) return;
    if (this.#request.signal?.aborted === true) this.#state.stop();
    if (this.#state.stopped) this.#over.abort();
    for (const name of this.#state.takePrepared()) this.#start(name, () => this.#prepare(name));
    if (!this.#holdsBack()) {
      const startable = this.#state.takeStartable(this.#clock.now());
      for (const name of startable) this.#start(name, () => this.#run(name));
    }
    this.#announce();
    if (this.#active === 0) this.#settle();
  }

  #start(name: string, work: () => Promise<void>): void {
    this.#active += 1;
    work()
      .catch((thrown: unknown) => {
        this.#error ??= { thrown };
        this.#state.finish(name, 'failed');
        this.#state.stop();
      })
      .finally(() => {
        this.#active -= 1;
        this.advance();
      });
  }

  /**
   * True while a more urgent stage than all that wait is being looked at: a slot that was given back a moment ago is for the stage behind
   * the one that ended, which nobody could see coming, if that is on the critical path. Not for long: a look may take minutes.
   */
  #holdsBack(): boolean {
    const first = this.#state.waiting[0];
    if (first === undefined) return false;
    const now = this.#clock.now();
    const urgent = [...this.#preparing].some(
      ([name, since]) => now - since < PATIENCE_SECONDS && this.#state.isMoreUrgent(name, first),
    );
    if (urgent && !this.#isPatient) {
      this.#isPatient = true;
      void this.#clock.sleep(PATIENCE_SECONDS, this.#over.signal).then(
        () => {
          this.#isPatient = false;
          this.advance();
        },
        () => undefined,
      );
    }
    return urgent;
  }

  async #prepare(name: string): Promise<void> {
    this.#preparing.set(name, this.#clock.now());
    const outcome = await this.#request.prepare(name).finally(() => {
      this.#preparing.delete(name);
    });
    if (outcome === 'run') this.#wait(name);
    else this.#state.finish(name, outcome);
  }

  async #run(name: string): Promise<void> {
    this.#announced.delete(name);
    this.#running.add(name);
    const end = await this.#request.run(name).finally(() => {
      this.#running.delete(name);
      this.#state.release(name);
    });
    if (typeof end === 'string') this.#state.finish(name, end);
    // Counts as active, so that the schedule is not over meanwhile; its slots are free for others.
    else this.#start(name, () => this.#repeat(name, end.again));
  }

  async #repeat(name: string, seconds: number): Promise<void> {
    const { signal } = this.#request;
    const awake = signal ? AbortSignal.any([signal, this.#over.signal]) : this.#over.signal;
    try {
      awake.throwIfAborted();
      await this.#clock.sleep(seconds, awake);
    } catch (error) {
      if (!awake.aborted) throw error;
    }
    this.#wait(name);
  }

  #announce(): void {
    const { onWaiting } = this.#request;
    if (!onWaiting) return;
    const watched = this.#state.waiting.slice(0, WATCHED);
    for (const name of [...watched, ...this.#unannounced]) {
      if (this.#running.has(name)) continue;
      const pools = this.#state.poolsFor(name);
      const text = pools.join('\n');
      if (this.#announced.get(name) === text) continue;
      this.#announced.set(name, text);
      onWaiting(name, pools);
    }
    this.#unannounced.clear();
  }

  #wait(name: string): void {
    this.#state.wait(name);
    this.#unannounced.add(name);
  }

  #settle(): void {
    this.#isSettled = true;
    this.#over.abort();
    if (this.#error) this.#reject(this.#error.thrown);
    else this.#resolve(this.#state.outcomes());
  }
}
