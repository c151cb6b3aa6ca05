import { parsePipeline } from '../../../src/pipeline/definition/read/definition.js';
import { buildGraph, type StageGraph } from '../../../src/pipeline/definition/graph/graph.js';
import fc from '../../rig/fast-check.js';

export interface Task {
  /** Numbers of the stages that it waits for, all smaller than its own. */
  reads: number[];
  ticks: number;
  gpu: number;
  memory: number;
  /** `flaky`: its first attempt fails. `elsewhere`: it takes no slots. */
  kind: 'run' | 'fresh' | 'fails' | 'flaky' | 'elsewhere';
}

/** No drawn task takes more. */
export const MOST_TICKS = 5;

export const POOLS = { gpu: 2, memory: 8 };

export function tasksOf(kinds: readonly Task['kind'][], most = 14): fc.Arbitrary<Task[]> {
  return fc.integer({ min: 1, max: most }).chain((count) =>
    fc.tuple(
      ...Array.from({ length: count }, (_, index) =>
        fc.record({
          reads:
            index === 0 ? fc.constant<number[]>([]) : fc.uniqueArray(fc.nat(index - 1), { maxLength: 3 }),
          ticks: fc.integer({ min: 1, max: MOST_TICKS }),
          gpu: fc.nat(POOLS.gpu),
          memory: fc.nat(POOLS.memory),
          kind: fc.constantFrom(...kinds),
        }),
      ),
    ),
  );
}

/** Time that passes only when everything that could start has started. */
export class FakeClock {
  time = 0;
  private readonly sleepers: { at: number; wake: () => void }[] = [];

  readonly now = (): number => this.time;

  readonly sleep = (ticks: number): Promise<void> =>
    new Promise((wake) => {
      this.sleepers.push({ at: this.time + ticks, wake });
    });

  async runUntil(settled: () => boolean): Promise<void> {
    for (;;) {
      // Every promise that can settle now does so before this returns.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (settled()) return;
      const next = this.sleepers.sort((a, b) => a.at - b.at).shift();
      if (!next) throw new Error('nothing runs, and the schedule is not settled');
      this.time = next.at;
      next.wake();
    }
  }
}

export function graphOf(list: readonly Task[]): StageGraph {
  const stages = list.map(
    ({ reads }, index) =>
      `  s${index}: {run: x, deps: [${reads.map((n) => `o${n}`).join(', ')}], outs: [o${index}]}`,
  );
  return buildGraph(parsePipeline(`stages:\n${stages.join('\n')}\n`));
}

export function taskOf(list: readonly Task[], name: string): Task {
  return list[Number(name.slice(1))]!;
}
