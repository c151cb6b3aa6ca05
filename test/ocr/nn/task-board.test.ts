import { describe, expect, it } from 'vitest';
import { MOST_TASKS, TaskBoard } from '../../../src/ocr/nn/kernels/task-board.js';

const NO_SCRATCH = { offset: 0, bytes: 0 };

describe('a board of tasks', () => {
  it('hands out each task once, with its arguments and the working memory of the thread', () => {
    const board = new TaskBoard();
    const other = new TaskBoard(board.buffer);
    for (const round of [3, MOST_TASKS, 1]) {
      const done: unknown[] = [];
      const tasks = Array.from({ length: round }, (_, index) => ({
        kernel: index,
        values: [index, 2 ** 40 + 0.5],
      }));
      board.publish(tasks, { offset: 64, bytes: 128 });
      let first = true;
      other.work(2, (kernel, values) => {
        done.push([kernel, values]);
        // Half-way another thread takes all that is left.
        if (first) board.work(0, (each, its) => done.push([each, its]));
        first = false;
      });
      expect(board.finish()).toBe(true);
      const byKernel = (place: number, thread: number): unknown => [
        place,
        [place, 2 ** 40 + 0.5, 64 + 128 * thread],
      ];
      expect(done).toEqual(tasks.map((_, place) => byKernel(place, place === 0 ? 2 : 0)));
    }
  });

  it('says that a task failed, once', () => {
    const board = new TaskBoard();
    board.publish([{ kernel: 0, values: [] }], NO_SCRATCH);
    board.work(0, () => {
      throw new Error('no such place');
    });
    expect(board.finish()).toBe(false);
    board.publish([{ kernel: 0, values: [] }], NO_SCRATCH);
    board.work(0, () => undefined);
    expect(board.finish()).toBe(true);
  });

  it('does not wait for ever for a thread that took a task and died', () => {
    const board = new TaskBoard();
    board.publish([{ kernel: 0, values: [] }], NO_SCRATCH);
    let outcome: boolean | undefined;
    board.work(1, () => {
      outcome = board.finish(5);
    });
    expect(outcome).toBe(false);
  });

  it('goes on after more rounds than a ticket can count', () => {
    const board = new TaskBoard();
    let done = 0;
    for (let round = 0; round < 5000; round++) {
      board.publish(
        [
          { kernel: 0, values: [] },
          { kernel: 0, values: [] },
        ],
        NO_SCRATCH,
      );
      board.work(0, () => done++);
      expect(board.finish()).toBe(true);
    }
    expect(done).toBe(10_000);
  });
});
