import type { StageGraph } from '../definition/graph/graph.js';
import type { Resources } from '../definition/stage/stage.js';
import { byCriticalPath } from './critical-path.js';
import { JOBS, Slots, type Demand } from './slots.js';

/** How a stage ended, as far as others depend on it. */
export type Outcome = 'done' | 'failed' | 'skipped';

export interface SchedulePlan {
  /** The stages to bring up to date; others of the graph do not count. */
  readonly stages: readonly string[];
  readonly graph: StageGraph;
  /**
   * What a running stage takes from the pools, of none more than there is; undefined for a stage that runs elsewhere and takes nothing here,
   * not even one of the jobs. Pools that are not there are not taken from.
   */
  readonly needs: (stage: string) => Resources | undefined;
  readonly pools: Resources;
  /** How many run at once, whatever the pools say. */
  readonly jobs: number;
  /** Seconds that a stage is expected to take. */
  readonly seconds: (stage: string) => number;
  /** After a failure: true runs everything that does not depend on it, false starts nothing more. */
  readonly keepGoing: boolean;
}

/**
 * Where each stage of a schedule stands. Nothing happens in here: who drives it prepares and runs what it is handed, and tells
 * what came of it. A stage is handed out to be prepared once all that it needs are done, and to be run once it has its slots, the most
 * urgent first (critical path).
 */
export class ScheduleState {
  readonly #plan: SchedulePlan;
  readonly #slots: Slots;
  /** Most urgent first, each with its place in this order. */
  readonly #rank: ReadonlyMap<string, number>;
  /** How many of its dependencies each stage still waits for. */
  readonly #open: Map<string, number>;
  readonly #demands = new Map<string, Demand | undefined>();
  /** Equal needs are one object, by which `Slots` knows them again. */
  readonly #needs = new Map<string, Resources>();
  readonly #outcomes = new Map<string, Outcome>();
  #toPrepare: string[];
  /** Prepared and waiting for slots, most urgent first. */
  readonly #waiting: string[] = [];
  /** Prepared, and in need of no slots. */
  readonly #elsewhere: string[] = [];
  #stopped = false;

  constructor(plan: SchedulePlan) {
    this.#plan = plan;
    this.#slots = new Slots({ ...plan.pools, [JOBS]: Math.max(1, plan.jobs) });
    const chosen = new Set(plan.stages);
    const order = byCriticalPath(plan.graph, chosen, plan.seconds);
    this.#rank = new Map(order.map((name, index) => [name, index]));
    this.#open = new Map(order.map((name) => [name, this.#before(name).length]));
    this.#toPrepare = order.filter((name) => this.#open.get(name) === 0);
  }

  /** Nothing more is handed out. */
  stop(): void {
    this.#stopped = true;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Stages whose dependencies are done since this was last asked. */
  takePrepared(): string[] {
    if (this.#stopped) return [];
    const batch = this.#toPrepare;
    this.#toPrepare = [];
    return batch;
  }

  /** The stage has to run: it waits for its slots from now on. Also after an attempt that is to be repeated. */
  wait(name: string): void {
    if (this.#demandOf(name) === undefined) {
      this.#elsewhere.push(name);
      return;
    }
    const rank = this.#rank.get(name)!;
    let [low, high] = [0, this.#waiting.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rank.get(this.#waiting[middle]!)! < rank) low = middle + 1;
      else high = middle;
    }
    this.#waiting.splice(low, 0, name);
  }

  /** The waiting stages that may run now: they hold their slots. `now` in seconds. */
  takeStartable(now: number): string[] {
    if (this.#stopped) return [];
    const started = this.#waiting.length === 0 ? [] : this.#slots.serve(this.#demandsOfWaiting(), now);
    for (const name of started) this.#waiting.splice(this.#waiting.indexOf(name), 1);
    return [...this.#elsewhere.splice(0), ...started];
  }

  /** The stage ran, or its attempt ended: it gives its slots back. */
  release(name: string): void {
    if (this.#demandOf(name) !== undefined) this.#slots.give(name);
  }

  /** The stage is done or failed, whether it ran or not. */
  finish(name: string, outcome: 'done' | 'failed'): void {
    this.#outcomes.set(name, outcome);
    if (outcome === 'failed') {
      if (!this.#plan.keepGoing) this.stop();
      return;
    }
    for (const next of this.#plan.graph.downstream.get(name) ?? []) {
      if (!this.#rank.has(next)) continue;
      const left = this.#open.get(next)! - 1;
      this.#open.set(next, left);
      if (left === 0) this.#toPrepare.push(next);
    }
  }

  isMoreUrgent(name: string, other: string): boolean {
    return this.#rank.get(name)! < this.#rank.get(other)!;
  }

  /** Those that wait for slots, most urgent first. */
  get waiting(): readonly string[] {
    return this.#waiting;
  }

  /** The pools that a waiting stage finds too little in: all of its pools, if a more urgent one waits for the same. */
  poolsFor(name: string): readonly string[] {
    const demand = this.#demandOf(name);
    if (demand === undefined) return [];
    const pools = this.#slots.shortOf(demand);
    return pools.length > 0 ? pools : Object.keys(demand.needs);
  }

  /** How all ended; what was never handed out, or never came back, is `skipped`. */
  outcomes(): ReadonlyMap<string, Outcome> {
    for (const name of this.#rank.keys()) if (!this.#outcomes.has(name)) this.#outcomes.set(name, 'skipped');
    return this.#outcomes;
  }

  *#demandsOfWaiting(): Generator<readonly [string, Demand]> {
    for (const name of this.#waiting) yield [name, this.#demandOf(name)!];
  }

  #demandOf(name: string): Demand | undefined {
    if (this.#demands.has(name)) return this.#demands.get(name);
    const wanted = this.#plan.needs(name);
    const demand = wanted && { needs: this.#sameNeeds(wanted), seconds: this.#plan.seconds(name) };
    this.#demands.set(name, demand);
    return demand;
  }

  #sameNeeds(wanted: Resources): Resources {
    const inPools = Object.entries(wanted).filter(
      ([pool, amount]) => amount > 0 && Object.hasOwn(this.#plan.pools, pool),
    );
    const text = JSON.stringify(inPools.sort());
    const needs = this.#needs.get(text) ?? { ...Object.fromEntries(inPools), [JOBS]: 1 };
    this.#needs.set(text, needs);
    return needs;
  }

  #before(name: string): string[] {
    return (this.#plan.graph.upstream.get(name) ?? []).filter((each) => this.#rank.has(each));
  }
}
