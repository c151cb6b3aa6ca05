import type { Resources } from '../definition/stage/stage.js';

/** The pool of which every running stage takes one: how many run at once, whatever the other pools say. */
export const JOBS = '--jobs';

/** One who wants slots: what it takes of each pool, and how long it is expected to keep them. */
export interface Demand {
  readonly needs: Resources;
  readonly seconds: number;
}

interface Holding extends Demand {
  readonly since: number;
}

/** What is kept free for a demand that waits, from the moment at which it is expected to find its slots. */
interface Reservation {
  readonly at: number;
  /** Of its pools: what is left over then. */
  readonly spare: Map<string, number>;
}

/**
 * The slots of all pools, and who holds them. Times are seconds of any one clock. A demand never exceeds a pool. Pure.
 */
export class Slots {
  readonly #free: Map<string, number>;
  readonly #holders = new Map<string, Holding>();

  constructor(pools: Resources) {
    this.#free = new Map(Object.entries(pools));
  }

  free(pool: string): number {
    return this.#free.get(pool) ?? 0;
  }

  /** The pools of which a demand cannot have what it needs now. */
  shortOf({ needs }: Demand): string[] {
    return Object.keys(needs).filter((pool) => needs[pool]! > this.free(pool));
  }

  take(name: string, demand: Demand, now: number): void {
    for (const [pool, amount] of Object.entries(demand.needs)) this.#free.set(pool, this.free(pool) - amount);
    this.#holders.set(name, { ...demand, since: now });
  }

  give(name: string): void {
    const { needs } = this.#holders.get(name)!;
    this.#holders.delete(name);
    for (const [pool, amount] of Object.entries(needs)) this.#free.set(pool, this.free(pool) + amount);
  }

  /**
   * One pass over those who wait, most urgent first: gives slots to all that may have them, and returns these.
   *
   * Who does not find its slots keeps them from the less urgent, yet not idle: a less urgent one passes if it is expected to be done by
   * the time at which the waiting one can start, or takes only what will be left over then (EASY backfilling: Lifka 1995; Mu'alem
   * and Feitelson 2001). Expectations may be wrong; what passed was to end by then, and from then on nothing passes any more: a large demand
   * waits for those who hold slots, and never for a stream of small ones.
   */
  serve(waiting: Iterable<readonly [string, Demand]>, now: number): string[] {
    const served: string[] = [];
    const reservations: Reservation[] = [];
    const blocked = new Set<Resources>();
    for (const [name, demand] of waiting) {
      if (this.free(JOBS) < 1) break;
      // Who needs the same as one that found too little finds too little.
      if (blocked.has(demand.needs)) continue;
      if (this.shortOf(demand).length > 0) {
        blocked.add(demand.needs);
        reservations.push(this.#reserve(demand, now));
      } else if (pass(reservations, demand, now)) {
        this.take(name, demand, now);
        served.push(name);
      }
    }
    return served;
  }

  /** When a demand finds its slots if all who hold some give them back as expected, and what is left over then. */
  #reserve({ needs }: Demand, now: number): Reservation {
    const free = new Map(Object.keys(needs).map((pool) => [pool, this.free(pool)]));
    const ends = [...this.#holders.values()]
      // Who is late may be done at any moment.
      .map((held) => ({ held, at: Math.max(now, held.since + held.seconds) }))
      .sort((a, b) => a.at - b.at);
    let at = now;
    for (const end of ends) {
      const found = Object.keys(needs).every((pool) => free.get(pool)! >= needs[pool]!);
      if (found && end.at > at) break;
      at = end.at;
      for (const pool of free.keys()) free.set(pool, free.get(pool)! + (end.held.needs[pool] ?? 0));
    }
    return { at, spare: new Map([...free].map(([pool, amount]) => [pool, amount - needs[pool]!])) };
  }
}

/** True if the demand delays none of those for whom slots are reserved; takes what it uses of what they leave over. */
function pass(reservations: readonly Reservation[], { needs, seconds }: Demand, now: number): boolean {
  const longer = reservations.filter(({ at }) => now + seconds > at);
  const fits = longer.every(({ spare }) =>
    Object.keys(needs).every((pool) => needs[pool]! <= (spare.get(pool) ?? Infinity)),
  );
  if (!fits) return false;
  for (const { spare } of longer) {
    for (const [pool, left] of spare) spare.set(pool, left - (needs[pool] ?? 0));
  }
  return true;
}
