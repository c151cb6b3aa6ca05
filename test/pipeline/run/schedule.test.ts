import { describe, expect, it } from 'vitest';
import { parsePipeline } from '../../../src/pipeline/definition/definition.js';
import { buildGraph, closure, type StageGraph } from '../../../src/pipeline/definition/graph.js';
import { runSchedule, type Outcome, type ScheduleRequest } from '../../../src/pipeline/run/schedule.js';
import fc from '../../rig/fast-check.js';

interface Task {
  /** Numbers of the stages that it waits for, all smaller than its own. */
  reads: number[];
  ticks: number;
  gpu: number;
  memory: number;
  kind: 'run' | 'fresh' | 'fails';
}

const tasks: fc.Arbitrary<Task[]> = fc.integer({ min: 1, max: 14 }).chain((count) =>
  fc.tuple(
    ...Array.from({ length: count }, (_, index) =>
      fc.record({
        reads: index === 0 ? fc.constant<number[]>([]) : fc.uniqueArray(fc.nat(index - 1), { maxLength: 3 }),
        ticks: fc.integer({ min: 1, max: 5 }),
        gpu: fc.nat(3),
        memory: fc.nat(12),
        kind: fc.constantFrom<Task['kind']>('run', 'run', 'fresh', 'fails'),
      }),
    ),
  ),
);

const POOLS = { gpu: 2, memory: 8 };

/** Time that passes only when everything that could start has started. */
class FakeClock {
  now = 0;
  private readonly sleepers: { at: number; wake: () => void }[] = [];

  sleep(ticks: number): Promise<void> {
    return new Promise((wake) => {
      this.sleepers.push({ at: this.now + ticks, wake });
    });
  }

  async runUntil(settled: () => boolean): Promise<void> {
    for (;;) {
      // Every promise that can settle now does so before this returns.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (settled()) return;
      const next = this.sleepers.sort((a, b) => a.at - b.at).shift();
      if (!next) throw new Error('nothing runs, and the schedule is not settled');
      this.now = next.at;
      next.wake();
    }
  }
}

interface Trace {
  started: string[];
  ended: Map<string, number>;
  outcomes: ReadonlyMap<string, Outcome>;
  violations: string[];
  ticks: number;
}

function graphOf(list: readonly Task[]): StageGraph {
  const stages = list.map(
    ({ reads }, index) =>
      `  s${index}: {run: x, deps: [${reads.map((n) => `o${n}`).join(', ')}], outs: [o${index}]}`,
  );
  return buildGraph(parsePipeline(`stages:\n${stages.join('\n')}\n`));
}

async function simulate(list: readonly Task[], options: Partial<ScheduleRequest>): Promise<Trace> {
  const graph = graphOf(list);
  const clock = new FakeClock();
  const trace: Trace = { started: [], ended: new Map(), outcomes: new Map(), violations: [], ticks: 0 };
  const task = (name: string): Task => list[Number(name.slice(1))]!;
  const running = new Set<string>();
  const check = (name: string): void => {
    if (trace.started.includes(name)) trace.violations.push(`${name} twice`);
    for (const before of graph.upstream.get(name)!) {
      if (!trace.ended.has(before)) trace.violations.push(`${name} before ${before}`);
    }
  };
  const jobs = options.jobs ?? 4;
  const done = runSchedule({
    stages: graph.order,
    graph,
    needs: (name) => ({ gpu: task(name).gpu, memory: task(name).memory }),
    pools: POOLS,
    jobs,
    keepGoing: true,
    prepare: async (name) => {
      check(name);
      await Promise.resolve();
      if (task(name).kind !== 'fresh') return 'run';
      trace.ended.set(name, clock.now);
      return 'done';
    },
    run: async (name) => {
      check(name);
      trace.started.push(name);
      running.add(name);
      if (running.size > jobs) trace.violations.push('too many jobs');
      for (const pool of ['gpu', 'memory'] as const) {
        const taken = [...running].reduce((sum, each) => sum + Math.min(task(each)[pool], POOLS[pool]), 0);
        if (taken > POOLS[pool]) trace.violations.push(`${pool} exceeded`);
      }
      await clock.sleep(task(name).ticks);
      running.delete(name);
      if (task(name).kind === 'fails') return 'failed';
      trace.ended.set(name, clock.now);
      return 'done';
    },
    ...options,
  });
  let settled = false;
  const watched = done.then((outcomes) => {
    settled = true;
    trace.outcomes = outcomes;
  });
  await clock.runUntil(() => settled);
  await watched;
  trace.ticks = clock.now;
  return trace;
}

describe('runSchedule', () => {
  it('exceeds no slot, starts nothing before its dependencies and nothing twice, and settles every stage', async () => {
    await fc.assert(
      fc.asyncProperty(tasks, fc.integer({ min: 1, max: 4 }), fc.boolean(), async (list, jobs, keepGoing) => {
        const trace = await simulate(list, { jobs, keepGoing });
        expect(trace.violations).toEqual([]);
        expect(trace.outcomes.size).toBe(list.length);
      }),
    );
  });

  it('with keepGoing, lets a failure stop exactly what depends on it', async () => {
    await fc.assert(
      fc.asyncProperty(tasks, async (list) => {
        const { outcomes } = await simulate(list, { keepGoing: true });
        const graph = graphOf(list);
        const failed = graph.order.filter((name) => outcomes.get(name) === 'failed');
        const stopped = new Set(
          closure(graph, failed, 'downstream').filter((name) => graph.upstream.get(name)!.length > 0),
        );
        for (const name of graph.order) {
          const behind = closure(graph, [name], 'upstream').some(
            (each) => each !== name && failed.includes(each),
          );
          expect(outcomes.get(name) === 'skipped').toBe(behind);
          if (behind) expect(stopped.has(name)).toBe(true);
        }
      }),
    );
  });

  it('without keepGoing, starts nothing more once something failed', async () => {
    const list = [
      { reads: [], ticks: 1, gpu: 0, memory: 0, kind: 'fails' as const },
      { reads: [], ticks: 3, gpu: 0, memory: 0, kind: 'run' as const },
      { reads: [1], ticks: 1, gpu: 0, memory: 0, kind: 'run' as const },
    ];
    const { outcomes } = await simulate(list, { keepGoing: false });
    expect([...outcomes].sort()).toEqual([
      ['s0', 'failed'],
      ['s1', 'done'],
      ['s2', 'skipped'],
    ]);
  });

  it('runs side by side: eight equal stages on four slots take two rounds', async () => {
    const list = Array.from({ length: 8 }, () => ({
      reads: [],
      ticks: 5,
      gpu: 0,
      memory: 0,
      kind: 'run' as const,
    }));
    expect((await simulate(list, { jobs: 4 })).ticks).toBe(10);
  });

  it('does not let small stages overtake a large one that waits for the same pool', async () => {
    const small = { reads: [], ticks: 2, gpu: 1, memory: 0, kind: 'run' as const };
    const list = [small, { ...small, gpu: 2 }, small, small];
    expect((await simulate(list, { jobs: 4 })).started).toEqual(['s0', 's1', 's2', 's3']);
  });

  it('gives a stage that wants more than there is the whole pool', async () => {
    const list = [{ reads: [], ticks: 1, gpu: 100, memory: 0, kind: 'run' as const }];
    expect((await simulate(list, {})).outcomes.get('s0')).toBe('done');
  });

  it('starts nothing once it is aborted', async () => {
    const stop = new AbortController();
    stop.abort();
    const list = [{ reads: [], ticks: 1, gpu: 0, memory: 0, kind: 'run' as const }];
    expect((await simulate(list, { signal: stop.signal })).outcomes.get('s0')).toBe('skipped');
  });

  it('waits for what runs before it throws what a stage threw', async () => {
    const graph = graphOf([
      { reads: [], ticks: 1, gpu: 0, memory: 0, kind: 'run' },
      { reads: [], ticks: 1, gpu: 0, memory: 0, kind: 'run' },
    ]);
    let release: (() => void) | undefined;
    let ended = false;
    const done = runSchedule({
      stages: graph.order,
      graph,
      needs: () => ({}),
      pools: {},
      jobs: 2,
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
