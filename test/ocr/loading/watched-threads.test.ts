import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { OcrpipeEvent } from '../../../src/base/events.js';
import { WatchedThreads } from '../../../src/ocr/loading/watched-threads.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

type Threads = WatchedThreads<readonly string[], string>;

let open: Threads | undefined;
let notes: string[];

afterEach(async () => {
  await open?.close();
});

function threads(changes: { most?: number; giveUpMs?: number; data?: unknown } = {}): Threads {
  const { most = 2, giveUpMs = 60_000, data } = changes;
  notes = [];
  const events = (event: OcrpipeEvent): void => {
    if (event.type === 'note') notes.push(`${event.level} ${event.code}: ${event.message}`);
  };
  const program = fileURLToPath(new URL('moody-thread.mjs', import.meta.url));
  open = new WatchedThreads({ program, data, most, events, patience: { tellMs: giveUpMs / 4, giveUpMs } });
  return open;
}

const run = (of: Threads, ...items: string[]): Promise<string> => of.run(items, items);

describe('watched threads', () => {
  it('answer many requests, by as many threads as are used', async () => {
    const pool = threads({ most: 3 });
    pool.use(3);
    const names = Array.from({ length: 100 }, (_, index) => `image-${index}`);
    expect(await Promise.all(names.map((name) => run(pool, name, 'x')))).toEqual(
      names.map((name) => `${name}+x`),
    );
    expect(pool.used).toBe(3);
  });

  it('pass on what their program refuses, and go on', async () => {
    const pool = threads();
    await expect(run(pool, 'refuse')).rejects.toMatchObject({ code: 'refused', exitCode: 2 });
    expect(await run(pool, 'a')).toBe('a');
  });

  it('are replaced when they end, and what they had not answered is done again', async () => {
    const pool = threads({ most: 1 });
    const mark = join(temporaryFolder(), 'mark');
    const all = [run(pool, 'a'), run(pool, 'b', `once ${mark}`, 'c'), run(pool, 'd')];
    expect(await Promise.all(all)).toEqual(['a', `b+once ${mark}+c`, 'd']);
    expect(notes).toEqual([expect.stringMatching(/^warning loader-replaced: once .*ended with code 7$/)]);
  });

  it.each([
    ['exit', /ended with code 7/],
    ['throw', /thrown by the program/],
    ['grow', /memory/],
  ])('name the item that ends them twice, and do all others: %s', async (mood, reason) => {
    const pool = threads({ most: 1 });
    const fatal = run(pool, 'before', mood);
    const after = run(pool, 'after');
    await expect(fatal).rejects.toMatchObject({
      code: 'loader-killed',
      location: { file: mood },
      message: expect.stringMatching(reason) as string,
    });
    expect(await after).toBe('after');
  });

  it('tell of an item that holds them, then give it up, and do all others', async () => {
    const pool = threads({ most: 1, giveUpMs: 2000 });
    const held = run(pool, 'a', 'spin');
    const after = run(pool, 'after');
    await expect(held).rejects.toMatchObject({
      code: 'loader-stuck',
      exitCode: 1,
      location: { file: 'spin' },
      message: expect.stringContaining('spin kept its thread busy') as string,
    });
    expect(notes).toEqual([expect.stringMatching(/^warning loader-slow: spin: thread 1 has been at it/)]);
    expect(await after).toBe('after');
  });

  it('that cannot start at all are an error, not a wait', async () => {
    const pool = threads({ data: 'never starts' });
    await expect(run(pool, 'a')).rejects.toMatchObject({ code: 'loader-failed' });
  });

  it('become more only where somebody waits for what is to be done', async () => {
    const pool = threads({ most: 2 });
    await run(pool, 'a');
    pool.hurry();
    expect(pool.used).toBe(1);
    const all = Array.from({ length: 8 }, (_, index) => run(pool, `${index}`));
    pool.hurry();
    pool.hurry();
    expect(pool.used).toBe(2);
    await Promise.all(all);
  });
});
