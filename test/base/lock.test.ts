import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { OcrpipeEvent } from '../../src/base/events.js';
import { describeSelf, holderState, parseHolder } from '../../src/base/lock-holder.js';
import { eventLine } from '../../src/cli/event-text.js';
import { acquireLock, withLock, type LockOptions } from '../../src/base/lock.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { systemError, watchChanges, type FileChange } from '../rig/watched-files.js';

const child = fileURLToPath(new URL('./lock-child.mjs', import.meta.url));

function start(...args: string[]): ChildProcess {
  const started = spawn(process.execPath, [child, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void started.kill('SIGKILL'));
  return started;
}

async function startHolder(path: string): Promise<ChildProcess> {
  const holder = start('hold', path);
  await once(holder.stdout!, 'data');
  return holder;
}

function options(path: string, more: Partial<LockOptions> = {}): LockOptions {
  return { path, what: 'the test', command: 'test', ...more };
}

/** Resolves with the first event of a wait. */
function firstWait(): {
  events: (event: OcrpipeEvent) => void;
  waiting: Promise<OcrpipeEvent>;
  seen: OcrpipeEvent[];
} {
  const seen: OcrpipeEvent[] = [];
  let announce: (event: OcrpipeEvent) => void = () => undefined;
  const waiting = new Promise<OcrpipeEvent>((resolve) => (announce = resolve));
  const events = (event: OcrpipeEvent): void => {
    seen.push(event);
    announce(event);
  };
  return { events, waiting, seen };
}

describe('acquireLock', () => {
  it('gives the lock to one caller after the other, in one process too', async () => {
    const path = join(temporaryFolder(), 'locks', 'store');
    const first = await acquireLock(options(path));
    const { events, waiting, seen } = firstWait();
    const second = acquireLock(options(path, { events }));
    expect(await waiting).toMatchObject({ type: 'waiting', what: 'the test', sinceSeconds: 0 });
    expect(await waiting).toMatchObject({
      holder: expect.stringContaining(`process ${process.pid}`) as unknown,
    });
    first.release();
    const held = await second;
    first.release();
    expect(existsSync(path)).toBe(true);
    held.release();
    expect(seen).toHaveLength(1);
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  it('loses no count when eight processes share a counter, though some die holding the lock', async () => {
    const folder = temporaryFolder();
    const counter = join(folder, 'counter');
    writeFileSync(counter, '0');
    const modes = ['count', 'count', 'die', 'count', 'count', 'die', 'count', 'die'];
    const done = modes.map((mode) => once(start(mode, join(folder, 'lock'), counter, '25'), 'exit'));
    await Promise.all(done);
    const surviving = modes.filter((mode) => mode === 'count').length * 25;
    expect(Number(readFileSync(counter, 'utf8'))).toBe(surviving + 3 * 2);
    await withLock(options(join(folder, 'lock')), () => undefined);
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  it('waits for a living holder, says who it is, and goes on when that one is killed', async () => {
    const path = join(temporaryFolder(), 'lock');
    const holder = await startHolder(path);
    const { events, waiting } = firstWait();
    const waiter = acquireLock(options(path, { events }));
    expect(await waiting).toMatchObject({
      holder: expect.stringMatching(new RegExp(`^lock-child hold \\(process ${holder.pid!} on `)) as unknown,
    });
    holder.kill('SIGKILL');
    (await waiter).release();
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  it('says since when the lock is held', async () => {
    const path = join(temporaryFolder(), 'lock');
    const since = new Date(Date.now() - 3_600_000).toISOString();
    writeFileSync(path, JSON.stringify({ ...describeSelf('0'.repeat(32), 'ocrpipe repro'), since }));
    const { events, waiting } = firstWait();
    const stop = new AbortController();
    const waiter = acquireLock(options(path, { events, signal: stop.signal })).catch(() => undefined);
    const event = await waiting;
    expect(event).toMatchObject({ type: 'waiting', sinceSeconds: expect.closeTo(3600, -1) as number });
    expect(eventLine(event)).toMatch(
      /^waiting for the test, held by ocrpipe repro \(process \d+ on \S+\) for 1 h( 0 min)?/,
    );
    stop.abort();
    await waiter;
  });

  it('tells whom it waits for only after as long as it is asked to', async () => {
    const path = join(temporaryFolder(), 'lock');
    const first = await acquireLock(options(path));
    const { events, seen, waiting } = firstWait();
    const began = performance.now();
    const patient = acquireLock(options(path, { events, tellAfterMs: 300 }));
    await waiting;
    expect(performance.now() - began).toBeGreaterThanOrEqual(300);
    first.release();
    (await patient).release();
    expect(seen).toHaveLength(1);
  });

  it('follows a follower that died before it took over', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'lock');
    const dead = [await startHolder(path), await startHolder(`${path}-2`), await startHolder(`${path}-3`)];
    const tokens = [path, `${path}-2`].map((file) => parseHolder(readFileSync(file, 'utf8')).token);
    linkSync(`${path}-2`, `${path}.after-${tokens[0]!}`);
    linkSync(`${path}-3`, `${path}.after-${tokens[1]!}`);
    for (const process of dead) {
      process.kill('SIGKILL');
      await once(process, 'exit');
    }
    const lock = await acquireLock(options(path));
    expect(parseHolder(readFileSync(path, 'utf8')).pid).toBe(process.pid);
    lock.release();
    expect(readdirSync(folder).sort()).toEqual(['lock-2', 'lock-3']);
  });

  it('takes over from a holder that cannot be asked only when its heartbeat stands still', async () => {
    const path = join(temporaryFolder(), 'lock');
    const elsewhere = { ...describeSelf('0'.repeat(32), 'ocrpipe push'), host: 'another-host' };
    writeFileSync(path, JSON.stringify(elsewhere));
    const { events, waiting } = firstWait();
    const waiter = acquireLock(options(path, { events, staleAfterMs: 300 }));
    expect(await waiting).toMatchObject({ holder: expect.stringContaining('on another-host') as unknown });
    for (let beat = 1; beat <= 3; beat += 1) utimesSync(path, beat, beat);
    (await waiter).release();
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['a file system with hard links', () => undefined],
    [
      'one without, where the lock is a copy',
      (change: FileChange) => {
        if (change.call === 'linkSync') throw systemError('ENOTSUP', change);
      },
    ],
  ])('shows every ten seconds that its holder lives, until it is released, on %s', async (_, before) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    onTestFinished(watchChanges(before));
    const folder = temporaryFolder();
    const path = join(folder, 'lock');
    const held = await acquireLock(options(path));
    for (let beat = 0; beat < 3; beat += 1) {
      utimesSync(path, 1, 1);
      vi.advanceTimersByTime(9_999);
      expect(statSync(path).mtimeMs).toBe(1000);
      vi.advanceTimersByTime(1);
      expect(statSync(path).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
    }
    held.release();
    expect(vi.getTimerCount()).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes over a lock file that is empty or nonsense after seconds, and names nobody', async () => {
    const began = performance.now();
    const takeOver = async (content: string): Promise<void> => {
      const path = join(temporaryFolder(), 'lock');
      const { events, seen } = firstWait();
      writeFileSync(path, content);
      (await acquireLock(options(path, { events }))).release();
      expect(existsSync(path)).toBe(false);
      expect(seen).toEqual([]);
    };
    await Promise.all(['', '{', 'null', '{"token":"x","pid":1}'].map(takeOver));
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('says so where a folder stands in its place', async () => {
    const path = join(temporaryFolder(), 'lock');
    mkdirSync(path);
    await expect(acquireLock({ path, what: 'it', command: 'test' })).rejects.toMatchObject({
      code: 'lock-blocked',
      exitCode: 2,
    });
    expect(readdirSync(join(path, '..'))).toEqual(['lock']);
  });

  it('stops waiting when it is told to, and leaves nothing behind', async () => {
    const path = join(temporaryFolder(), 'lock');
    const held = await acquireLock(options(path));
    const abort = new AbortController();
    const reason = new Error('stop');
    const { events, waiting } = firstWait();
    const waiter = acquireLock(options(path, { events, signal: abort.signal }));
    const outcome = waiter.catch((error: unknown) => error);
    await waiting;
    abort.abort(reason);
    expect(await outcome).toBe(reason);
    expect(readdirSync(join(path, '..'))).toEqual(['lock']);
    held.release();
  });

  it('gives the lock back when the work fails', async () => {
    const path = join(temporaryFolder(), 'lock');
    await expect(withLock(options(path), () => Promise.reject(new Error('failed')))).rejects.toThrow(
      'failed',
    );
    expect(existsSync(path)).toBe(false);
  });
});

// No user may make files there, the superuser included.
it.runIf(existsSync('/sys/kernel'))(
  'says where it may not write, and what can be done about it',
  async () => {
    const lock = acquireLock({
      path: '/sys/kernel/ocrpipe/lock',
      what: 'the workspace',
      command: 'ocrpipe add',
    });
    await expect(lock).rejects.toMatchObject({
      code: 'no-permission',
      exitCode: 2,
      message: expect.stringMatching(
        /^'ocrpipe add' changes the workspace, and \/sys\/kernel\/ocrpipe cannot be written \(E[A-Z]+\)$/,
      ) as string,
      hint: expect.stringContaining("'ocrpipe status' and 'ocrpipe diff' only read") as string,
    });
  },
);

describe('holderState', () => {
  it('knows this process from an earlier one of the same number, and from those of other hosts', () => {
    const self = describeSelf('0'.repeat(32), 'test');
    expect(holderState({ ...self, host: 'another-host' })).toBe('unknown');
    expect(holderState({ ...self, processSpace: 'another container' })).toBe('unknown');
    expect(holderState({ ...self, pid: 2 ** 30 })).toBe('dead');
    if (self.processSpace === '') return;
    expect(holderState(self)).toBe('alive');
    expect(holderState({ ...self, processStart: '1' })).toBe('dead');
  });
});
