import type { StageGraph } from '../definition/graph.js';
import type { Resources } from '../definition/stage.js';

/** How a stage ended, as far as others depend on it. */
export type Outcome = 'done' | 'failed' | 'skipped';

export interface ScheduleRequest {
  /** The stages to bring up to date; others of the graph do not count. */
  readonly stages: readonly string[];
  readonly graph: StageGraph;
  /** What a running stage takes from the pools. A wish larger than a pool counts as the whole pool. */
  readonly needs: (stage: string) => Resources;
  readonly pools: Resources;
  /** How many run at once, whatever the pools say. */
  readonly jobs: number;
  /** After a failure: true runs everything that does not depend on it, false starts nothing more. */
  readonly keepGoing: boolean;
  /** Called once its dependencies are done, outside the pools: anything but 'run' if there is nothing to run. */
  readonly prepare: (stage: string) => Promise<'done' | 'failed' | 'run'>;
  /** Called while the stage holds its slots. */
  readonly run: (stage: string) => Promise<'done' | 'failed'>;
  /** Starts nothing more once aborted; what runs is waited for. */
  readonly signal?: AbortSignal;
}

/**
 * Runs stages side by side as far as the graph and the pools allow, first those that come first in the graph's order. A
 * stage that waits for a slot keeps later ones from taking it, so that a large one is not overtaken for ever. Resolves when
 * all are settled; rejects with the first error that `prepare` or `run` throws, once everything that runs has ended.
 */
export function runSchedule(request: ScheduleRequest): Promise<ReadonlyMap<string, Outcome>> {
  return new Promise((resolve, reject) => {
    new Schedule(request, resolve, reject).advance();
  });
}

class Schedule {
  private readonly request: ScheduleRequest;
  private readonly resolve: (outcomes: ReadonlyMap<string, Outcome>) => void;
  private readonly reject: (error: unknown) => void;
  /** How many of its dependencies each stage still waits for. */
  private readonly open: Map<string, number>;
  private readonly rank: ReadonlyMap<string, number>;
  private readonly outcomes = new Map<string, Outcome>();
  private readonly free: Record<string, number>;
  private freeJobs: number;
  /** Dependencies done, not yet prepared. */
  private toPrepare: string[];
  /** Prepared and waiting for slots, by rank. */
  private readonly ready: string[] = [];
  private active = 0;
  private stopped = false;
  private error: { thrown: unknown } | undefined;

  constructor(
    request: ScheduleRequest,
    resolve: (outcomes: ReadonlyMap<string, Outcome>) => void,
    reject: (error: unknown) => void,
  ) {
    this.request = request;
    this.resolve = resolve;
    this.reject = reject;
    const chosen = new Set(request.stages);
    const order = request.graph.order.filter((name) => chosen.has(name));
    this.rank = new Map(order.map((name, index) => [name, index]));
    this.open = new Map(order.map((name) => [name, this.within(request.graph.upstream, name).length]));
    this.free = { ...request.pools };
    this.freeJobs = Math.max(1, request.jobs);
    this.toPrepare = order.filter((name) => this.open.get(name) === 0);
  }

  /** Starts whatever may start now; settles the whole when nothing is left. */
  advance(): void {
    if (this.request.signal?.aborted === true) this.stopped = true;
    if (!this.stopped) {
      const batch = this.toPrepare;
      this.toPrepare = [];
      for (const name of batch) this.start(name, () => this.prepare(name));
      for (const name of this.startable()) this.start(name, () => this.run(name));
    }
    if (this.active === 0) this.settle();
  }

  private start(name: string, work: () => Promise<void>): void {
    this.active += 1;
    work()
      .catch((thrown: unknown) => {
        this.error ??= { thrown };
        this.stopped = true;
        this.outcomes.set(name, 'failed');
      })
      .finally(() => {
        this.active -= 1;
        this.advance();
      });
  }

  private async prepare(name: string): Promise<void> {
    const outcome = await this.request.prepare(name);
    if (outcome !== 'run') {
      this.finish(name, outcome);
      return;
    }
    const later = this.ready.findIndex((other) => this.rank.get(other)! > this.rank.get(name)!);
    this.ready.splice(later === -1 ? this.ready.length : later, 0, name);
  }

  private async run(name: string): Promise<void> {
    try {
      this.finish(name, await this.request.run(name));
    } finally {
      this.give(name);
    }
  }

  private finish(name: string, outcome: Outcome): void {
    this.outcomes.set(name, outcome);
    if (outcome === 'failed') {
      if (!this.request.keepGoing) this.stopped = true;
      return;
    }
    for (const next of this.within(this.request.graph.downstream, name)) {
      const left = this.open.get(next)! - 1;
      this.open.set(next, left);
      if (left === 0) this.toPrepare.push(next);
    }
  }

  /** Takes slots for every stage that may start, and takes it out of `ready`. */
  private startable(): string[] {
    const started: string[] = [];
    const reserved = new Set<string>();
    for (const name of [...this.ready]) {
      if (this.freeJobs === 0) break;
      const needs = Object.entries(this.needs(name));
      const short = needs.filter(([pool, amount]) => reserved.has(pool) || this.free[pool]! < amount);
      if (short.length > 0) {
        for (const [pool] of short) reserved.add(pool);
        continue;
      }
      for (const [pool, amount] of needs) this.free[pool]! -= amount;
      this.freeJobs -= 1;
      this.ready.splice(this.ready.indexOf(name), 1);
      started.push(name);
    }
    return started;
  }

  private give(name: string): void {
    for (const [pool, amount] of Object.entries(this.needs(name))) this.free[pool]! += amount;
    this.freeJobs += 1;
  }

  private needs(name: string): Resources {
    const wanted = Object.entries(this.request.needs(name));
    const inPools = wanted.filter(([pool]) => Object.hasOwn(this.request.pools, pool));
    return Object.fromEntries(
      inPools.map(([pool, amount]) => [pool, Math.min(amount, this.request.pools[pool]!)]),
    );
  }

  private settle(): void {
    if (this.error) {
      this.reject(this.error.thrown);
      return;
    }
    for (const name of this.rank.keys()) if (!this.outcomes.has(name)) this.outcomes.set(name, 'skipped');
    this.resolve(this.outcomes);
  }

  private within(edges: ReadonlyMap<string, readonly string[]>, name: string): readonly string[] {
    return (edges.get(name) ?? []).filter((other) => this.rank.has(other));
  }
}
