import { describe, expect, it } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import { runSchedule } from '../../../src/pipeline/run/schedule.js';
import { SharedSlots } from '../../../src/pipeline/run/shared-slots.js';
import fc, { runs } from '../../rig/fast-check.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { FakeClock, graphOf, POOLS, taskOf, tasksOf, type Task } from './drawn-tasks.js';

/** Who waits looks so often. Seconds, as all of this clock. */
const LOOK_AGAIN = 0.25;

interface Run {
  stage: string;
  task: Task;
  /** Its place in the order of all that asked for slots. */
  asked: number;
  askedAt: number;
  from: number;
  to: number;
}

/** Several repros, each with a scheduler of its own, that share the pools of a workspace, on one clock. */
class Repros {
  readonly clock = new FakeClock();
  readonly runs: Run[] = [];
  /** The most that was taken of each pool at once. */
  readonly most = { gpu: 0, memory: 0 };
  readonly #stateFolder = temporaryFolder();
  #asked = 0;

  async run(lists: readonly (readonly Task[])[], jobs = 4): Promise<void> {
    let left = lists.length;
    const all = lists.map(async (list, number) => {
      await this.#repro(list, { number, jobs });
      left -= 1;
    });
    await this.clock.runUntil(() => left === 0);
    await Promise.all(all);
  }

  async #repro(list: readonly Task[], { number, jobs }: { number: number; jobs: number }): Promise<void> {
    const graph = graphOf(list);
    const { sleep } = this.clock;
    const host = {
      stateFolder: this.#stateFolder,
      // What is done under the lock waits for nothing: in one process it is done alone.
      exclusively: <T>(_lock: string, work: () => Promise<T>) => work(),
      events: noEvents,
      signal: new AbortController().signal,
    };
    const slots = new SharedSlots(host, { pools: POOLS, gpus: [], sleep });
    await runSchedule({
      stages: graph.order,
      graph,
      needs: (name) => needsOf(taskOf(list, name)),
      pools: POOLS,
      jobs,
      keepGoing: true,
      seconds: (name) => taskOf(list, name).ticks,
      clock: this.clock,
      prepare: () => Promise.resolve('run'),
      run: (name) => this.#attempt(`${number}:${name}`, taskOf(list, name), slots),
    });
  }

  async #attempt(stage: string, task: Task, slots: SharedSlots): Promise<'done'> {
    const asked = (this.#asked += 1);
    const askedAt = this.clock.time;
    const held = await slots.take(stage, needsOf(task));
    const run = { stage, task, asked, askedAt, from: this.clock.time, to: Infinity };
    this.runs.push(run);
    this.#note();
    await this.clock.sleep(task.ticks);
    run.to = this.clock.time;
    held.release();
    return 'done';
  }

  #note(): void {
    for (const pool of ['gpu', 'memory'] as const) {
      const running = this.runs.filter(({ to }) => to === Infinity);
      const taken = running.reduce((sum, { task }) => sum + task[pool], 0);
      this.most[pool] = Math.max(this.most[pool], taken);
    }
  }
}

function needsOf({ gpu, memory }: Task) {
  return { gpu, memory };
}

function shareAPool(a: Task, b: Task): boolean {
  return (a.gpu > 0 && b.gpu > 0) || (a.memory > 0 && b.memory > 0);
}

/** When a stage must have begun: once all that asked before it and share a pool with it have ended, and it has looked again. */
function latestStart(all: readonly Run[], { asked, askedAt, task }: Run): number {
  const before = all.filter((other) => other.asked < asked && shareAPool(other.task, task));
  return Math.max(askedAt, ...before.map(({ to }) => to)) + LOOK_AGAIN;
}

describe('repros that share pools', () => {
  it('take no more than there is, and let no stage wait for one that asked later', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tasksOf(['run'], 8), { minLength: 2, maxLength: 4 }), async (lists) => {
        const repros = new Repros();
        await repros.run(lists);
        expect(repros.runs).toHaveLength(lists.flat().length);
        expect(repros.most.gpu).toBeLessThanOrEqual(POOLS.gpu);
        expect(repros.most.memory).toBeLessThanOrEqual(POOLS.memory);
        for (const run of repros.runs) expect(run.from).toBeLessThanOrEqual(latestStart(repros.runs, run));
      }),
      { numRuns: runs(15) },
    );
  });

  it('do not let streams of small stages overtake a large one of another repro', async () => {
    const small: Task = { reads: [], ticks: 2, gpu: 1, memory: 0, kind: 'run' };
    const stream = Array.from({ length: 20 }, () => small);
    const late = [
      { ...small, gpu: 0, ticks: 3 },
      { ...small, reads: [0], gpu: 2 },
    ];
    const repros = new Repros();
    await repros.run([stream, stream, late]);
    const large = repros.runs.find(({ stage }) => stage === '2:s1')!;
    expect(large.from).toBeLessThanOrEqual(latestStart(repros.runs, large));
    expect(large.from).toBeLessThan(10);
    expect(repros.clock.time).toBeGreaterThan(40);
  });
});
