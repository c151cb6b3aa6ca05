import { describe, expect, it } from 'vitest';
import { closure, type StageGraph } from '../../../src/pipeline/definition/graph/graph.js';
import type { Outcome } from '../../../src/pipeline/run/schedule-state.js';
import { runSchedule, type RunEnd, type ScheduleRequest } from '../../../src/pipeline/run/schedule.js';
import fc, { runs } from '../../rig/fast-check.js';
import { FakeClock, graphOf, MOST_TICKS, POOLS, taskOf, tasksOf, type Task } from './drawn-tasks.js';

const KINDS: readonly Task['kind'][] = ['run', 'run', 'run', 'fresh', 'fails', 'flaky', 'elsewhere'];

function task(changes: Partial<Task> = {}): Task {
  return { reads: [], ticks: 1, gpu: 0, memory: 0, kind: 'run', ...changes };
}

interface Run {
  name: string;
  from: number;
  to: number;
}

interface Trace {
  /** Every attempt, in the order in which they started. */
  ran: Run[];
  /** When each stage found all that it depends on done. */
  readyAt: Map<string, number>;
  ended: Map<string, number>;
  outcomes: ReadonlyMap<string, Outcome>;
  violations: string[];
  waits: string[];
  ticks: number;
}

/** Carries a schedule out on a clock of its own, and notes whatever breaks a law. */
class Simulation {
  readonly clock = new FakeClock();
  readonly trace: Trace = {
    ran: [],
    readyAt: new Map(),
    ended: new Map(),
    outcomes: new Map(),
    violations: [],
    waits: [],
    ticks: 0,
  };
  readonly #running = new Set<string>();
  readonly #list: readonly Task[];
  readonly #graph: StageGraph;
  readonly #jobs: number;

  constructor(list: readonly Task[], jobs: number) {
    this.#list = list;
    this.#graph = graphOf(list);
    this.#jobs = jobs;
  }

  async run(options: Partial<ScheduleRequest>): Promise<Trace> {
    const done = runSchedule({
      stages: this.#graph.order,
      graph: this.#graph,
      needs: (name) => {
        const { gpu, memory, kind } = taskOf(this.#list, name);
        return kind === 'elsewhere' ? undefined : { gpu, memory };
      },
      pools: POOLS,
      jobs: this.#jobs,
      keepGoing: true,
      seconds: (name) => taskOf(this.#list, name).ticks,
      clock: this.clock,
      prepare: (name) => this.#prepare(name),
      run: (name) => this.#attempt(name),
      onWaiting: (name, pools) => void this.trace.waits.push(`${name}: ${pools.join(' ')}`),
      ...options,
    });
    let settled = false;
    const watched = done.then((outcomes) => {
      settled = true;
      this.trace.outcomes = outcomes;
    });
    await this.clock.runUntil(() => settled);
    await watched;
    this.trace.ticks = this.clock.time;
    return this.trace;
  }

  async #prepare(name: string): Promise<'done' | 'run'> {
    if (this.trace.readyAt.has(name)) this.trace.violations.push(`${name} prepared twice`);
    this.#requireBefore(name);
    this.trace.readyAt.set(name, this.clock.time);
    await Promise.resolve();
    if (taskOf(this.#list, name).kind !== 'fresh') return 'run';
    this.trace.ended.set(name, this.clock.time);
    return 'done';
  }

  async #attempt(name: string): Promise<RunEnd> {
    const { kind, ticks } = taskOf(this.#list, name);
    const earlier = this.trace.ran.filter((run) => run.name === name).length;
    if (earlier > (kind === 'flaky' ? 1 : 0)) this.trace.violations.push(`${name} once too often`);
    this.#requireBefore(name);
    this.#running.add(name);
    this.#requireSlots();
    const run = { name, from: this.clock.time, to: Infinity };
    this.trace.ran.push(run);
    await this.clock.sleep(ticks);
    run.to = this.clock.time;
    this.#running.delete(name);
    if (kind === 'flaky' && earlier === 0) return { again: 2 };
    if (kind === 'fails') return 'failed';
    this.trace.ended.set(name, this.clock.time);
    return 'done';
  }

  #requireBefore(name: string): void {
    for (const before of this.#graph.upstream.get(name)!) {
      if (!this.trace.ended.has(before)) this.trace.violations.push(`${name} before ${before}`);
    }
  }

  #requireSlots(): void {
    const here = [...this.#running].filter((name) => taskOf(this.#list, name).kind !== 'elsewhere');
    if (here.length > this.#jobs) this.trace.violations.push('too many jobs');
    for (const pool of ['gpu', 'memory'] as const) {
      const taken = here.reduce((sum, name) => sum + taskOf(this.#list, name)[pool], 0);
      if (taken > POOLS[pool]) this.trace.violations.push(`${pool} exceeded`);
    }
  }
}

function simulate(list: readonly Task[], options: Partial<ScheduleRequest> = {}): Promise<Trace> {
  return new Simulation(list, options.jobs ?? 4).run(options);
}

const jobsDrawn = fc.integer({ min: 1, max: 4 });

describe('runSchedule', () => {
  it('exceeds no slot, starts nothing before its dependencies and nothing twice, and settles every stage', async () => {
    await fc.assert(
      fc.asyncProperty(tasksOf(KINDS), jobsDrawn, fc.boolean(), async (list, jobs, keepGoing) => {
        const trace = await simulate(list, { jobs, keepGoing });
        expect(trace.violations).toEqual([]);
        expect(trace.outcomes.size).toBe(list.length);
      }),
      { numRuns: runs(100) },
    );
  });

  it('with keepGoing, lets a failure stop exactly what depends on it', async () => {
    await fc.assert(
      fc.asyncProperty(tasksOf(KINDS), async (list) => {
        const { outcomes } = await simulate(list, { keepGoing: true });
        const graph = graphOf(list);
        const failed = graph.order.filter((name) => outcomes.get(name) === 'failed');
        const behind = new Set(failed.flatMap((name) => graph.downstream.get(name)!));
        const stopped = closure(graph, behind, 'downstream');
        expect(graph.order.filter((name) => outcomes.get(name) === 'skipped')).toEqual(stopped);
        expect(failed.every((name) => taskOf(list, name).kind === 'fails')).toBe(true);
      }),
      { numRuns: runs(100) },
    );
  });

  // Graham, "Bounds on multiprocessing timing anomalies" (1969): as long as nobody idles who could work.
  it('takes at most twice as long as the best schedule could, if all take one job and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(tasksOf(['run'], 20), jobsDrawn, async (drawn, jobs) => {
        const list = drawn.map((each) => ({ ...each, gpu: 0, memory: 0 }));
        const { ticks } = await simulate(list, { jobs });
        const work = list.reduce((sum, each) => sum + each.ticks, 0) / jobs;
        const best = Math.max(work, longestPath(list));
        expect(ticks).toBeLessThanOrEqual((2 - 1 / jobs) * best);
      }),
      { numRuns: runs(100) },
    );
  });

  it('lets no stage idle for want of slots that are free, where none waits that needs more of them', async () => {
    await fc.assert(
      fc.asyncProperty(tasksOf(['run'], 20), jobsDrawn, async (drawn, jobs) => {
        const list = drawn.map((each) => ({ ...each, gpu: 1, memory: 0 }));
        const { ran, readyAt } = await simulate(list, { jobs });
        const slots = Math.min(jobs, POOLS.gpu);
        for (const { name, from } of ran) {
          for (let at = readyAt.get(name)!; at < from; at += 1) expect(runningAt(ran, at)).toBe(slots);
        }
      }),
      { numRuns: runs(60) },
    );
  });

  it('lets nothing that ends later begin before the most urgent of those that wait', async () => {
    await fc.assert(
      fc.asyncProperty(tasksOf(['run'], 20), async (list) => {
        const { ran, readyAt } = await simulate(list, { jobs: 20 });
        const [first] = [...readyAt].sort(([a], [b]) => byUrgency(list, a, b));
        const [name, ready] = first!;
        const from = ran.find((run) => run.name === name)!.from;
        const before = ran.filter((run) => run.from < ready || (run.from === ready && run.name !== name));
        expect(from).toBeLessThanOrEqual(Math.max(ready, ...before.map(({ to }) => to)));
      }),
      { numRuns: runs(60) },
    );
  });

  it('starves nobody: the wait of a stage goes by what ran as it came, and by what is more urgent, not by how much is less urgent', async () => {
    await fc.assert(
      fc.asyncProperty(tasksOf(['run'], 20), jobsDrawn, async (list, jobs) => {
        const { ran, readyAt } = await simulate(list, { jobs });
        const rank = new Map(
          [...readyAt.keys()].sort((a, b) => byUrgency(list, a, b)).map((name, n) => [name, n]),
        );
        for (const { name, from } of ran) {
          const ready = readyAt.get(name)!;
          const isBefore = (run: Run): boolean =>
            run.name !== name &&
            ((run.from <= ready && run.to > ready) ||
              (run.from < from && rank.get(run.name)! < rank.get(name)!));
          // One that is less urgent may have passed where one more urgent came that nobody could see coming.
          const each = ran.filter(isBefore).map((run) => run.to - run.from + MOST_TICKS);
          expect(from - ready).toBeLessThanOrEqual(each.reduce((sum, ticks) => sum + ticks, 0));
        }
      }),
      { numRuns: runs(60) },
    );
  });

  it('starts the longest way to the end first', async () => {
    const list = [task(), task(), task({ ticks: 5 }), task({ reads: [1], ticks: 9 })];
    const { ran, ticks } = await simulate(list, { jobs: 1 });
    expect(ran.map(({ name }) => name)).toEqual(['s1', 's3', 's2', 's0']);
    expect(ticks).toBe(16);
  });

  it('runs side by side: eight equal stages on four slots take two rounds', async () => {
    const list = Array.from({ length: 8 }, () => task({ ticks: 5 }));
    expect((await simulate(list, { jobs: 4 })).ticks).toBe(10);
  });

  it('does not let a stream of small stages overtake a large one that waits for the same pool', async () => {
    const small = task({ ticks: 2, gpu: 1 });
    const list = [task({ ticks: 3, gpu: 1 }), task({ ticks: 9, gpu: 2 }), small, small, small];
    const { ran } = await simulate(list, { jobs: 4 });
    const large = ran.find(({ name }) => name === 's1')!;
    expect(large.from).toBe(0);
    const later = await simulate([
      task({ gpu: 1, ticks: 20 }),
      ...list.map((each) => ({ ...each, reads: [] })),
    ]);
    expect(later.ran.find(({ name }) => name === 's2')!.from).toBe(20);
  });

  it('lets small stages use what a waiting large one leaves idle, if they are done by then', async () => {
    const list = [
      task({ gpu: 1, ticks: 20 }),
      task({ gpu: 2, ticks: 10 }),
      task({ gpu: 1, ticks: 4 }),
      task({ gpu: 1, ticks: 5 }),
      task({ gpu: 1, ticks: 12 }),
    ];
    const { ran } = await simulate(list, { jobs: 4 });
    const from = Object.fromEntries(ran.map((run) => [run.name, run.from]));
    expect(from).toEqual({ s0: 0, s4: 0, s3: 12, s1: 20, s2: 30 });
  });

  it('without keepGoing, starts nothing more once something failed', async () => {
    const list = [task({ kind: 'fails' }), task({ ticks: 3 }), task({ reads: [1] })];
    const { outcomes } = await simulate(list, { keepGoing: false });
    expect([...outcomes].sort()).toEqual([
      ['s0', 'failed'],
      ['s1', 'done'],
      ['s2', 'skipped'],
    ]);
  });

  it('gives the slots of a failed attempt to others until it is repeated', async () => {
    const list = [task({ kind: 'flaky', ticks: 3 }), task({ ticks: 1 })];
    const { ran, outcomes } = await simulate(list, { jobs: 1 });
    expect(ran.map(({ name, from }) => [name, from])).toEqual([
      ['s0', 0],
      ['s1', 3],
      ['s0', 5],
    ]);
    expect(outcomes.get('s0')).toBe('done');
  });

  it('tells what a stage waits for', async () => {
    const list = [task({ gpu: 2, ticks: 5 }), task({ gpu: 1 }), task({ memory: 8, ticks: 3 })];
    expect((await simulate(list, { jobs: 4 })).waits).toEqual(['s1: gpu']);
    expect((await simulate(list, { jobs: 1 })).waits).toEqual(['s2: --jobs', 's1: gpu --jobs', 's1: --jobs']);
  });

  it('starts nothing once it is aborted', async () => {
    const stop = new AbortController();
    stop.abort();
    expect((await simulate([task()], { signal: stop.signal })).outcomes.get('s0')).toBe('skipped');
  });

  it('waits for what runs before it throws what a stage threw', async () => {
    const graph = graphOf([task(), task()]);
    let release: (() => void) | undefined;
    let ended = false;
    const done = runSchedule({
      stages: graph.order,
      graph,
      needs: () => ({}),
      pools: {},
      jobs: 2,
      seconds: () => 1,
      keepGoing: false,
      prepare: () => Promise.resolve('run'),
      run: async (name) => {
        if (name === 's0') throw new Error('broken');
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        ended = true;
        return 'done';
      },
    });
    while (!release) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    release();
    await expect(done).rejects.toThrow('broken');
    expect(ended).toBe(true);
  });
});

/** Ticks of the longest way through the graph, ending with each task. */
function waysTo(list: readonly Task[]): number[] {
  const ways: number[] = [];
  for (const { reads, ticks } of list) ways.push(ticks + Math.max(0, ...reads.map((n) => ways[n]!)));
  return ways;
}

function longestPath(list: readonly Task[]): number {
  return Math.max(...waysTo(list));
}

/** Ticks from the beginning of a task to the end of all that depends on it. */
function waysFrom(list: readonly Task[]): number[] {
  const ways = list.map(({ ticks }) => ticks);
  for (let n = list.length - 1; n >= 0; n -= 1) {
    const after = list.flatMap(({ reads }, later) => (reads.includes(n) ? [ways[later]!] : []));
    ways[n] = list[n]!.ticks + Math.max(0, ...after);
  }
  return ways;
}

function byUrgency(list: readonly Task[], a: string, b: string): number {
  const ways = waysFrom(list);
  const { order } = graphOf(list);
  return ways[Number(b.slice(1))]! - ways[Number(a.slice(1))]! || order.indexOf(a) - order.indexOf(b);
}

function runningAt(ran: readonly Run[], at: number): number {
  return ran.filter(({ from, to }) => from <= at && at < to).length;
}
