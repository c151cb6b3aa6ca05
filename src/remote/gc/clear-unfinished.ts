import { OcrpipeError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import type { Remote, Unfinished } from '../backends/remote.js';
import { eachInParallel } from '../parallel.js';

export interface ClearInput {
  readonly remote: Remote;
  /** What had nothing written to it for so long is given up. Milliseconds. */
  readonly graceMs: number;
  readonly dryRun: boolean;
  readonly jobs: number;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

/** Unfinished writes, and the bytes of them that had arrived. */
export interface WriteTally {
  readonly writes: number;
  readonly bytes: number;
}

/** What was done about writes that nobody finished. */
export interface ClearedWrites {
  /** False where the remote cannot or may not list them: then nothing else is known. */
  readonly known: boolean;
  /** Taken away; in a dry run what would be. */
  readonly discarded: WriteTally;
  /** To be taken away, which this user may not. */
  readonly refused: WriteTally;
  /** Written to within the grace period, by somebody who may go on. */
  readonly waiting: WriteTally;
  /** From when the first of those may be taken away (ISO 8601, the remote's clock); absent where nothing waits. */
  readonly waitsUntil?: string;
}

/**
 * Takes away what interrupted writes left on a remote, if nothing was written to it for a grace period by the remote's own clock. A
 * push goes on with the parts of an upload that broke off; what it sends counts as written, and what it was about to go on with
 * and is gone it sends again.
 */
export async function clearUnfinished(input: ClearInput): Promise<ClearedWrites> {
  const { remote, graceMs, dryRun, signal } = input;
  const all = await remote.unfinished({ signal });
  const now = await remote.now({ signal });
  const givenUp = (all ?? []).filter(({ lastWritten }) => now.getTime() - lastWritten.getTime() >= graceMs);
  const waiting = (all ?? []).filter((one) => !givenUp.includes(one));
  const { discarded, refused } = dryRun
    ? { discarded: givenUp, refused: [] }
    : await discardAll(givenUp, input);
  const [first] = waiting.map(({ lastWritten }) => lastWritten.getTime()).sort((a, b) => a - b);
  return {
    known: all !== undefined,
    ...{ discarded: tallyOf(discarded), refused: tallyOf(refused), waiting: tallyOf(waiting) },
    ...(first !== undefined && { waitsUntil: new Date(first + graceMs).toISOString() }),
  };
}

async function discardAll(
  writes: readonly Unfinished[],
  { remote, jobs, events, signal }: ClearInput,
): Promise<{ discarded: Unfinished[]; refused: Unfinished[] }> {
  const [discarded, refused]: [Unfinished[], Unfinished[]] = [[], []];
  const total = writes.length;
  try {
    await eachInParallel(writes, jobs, async (one) => {
      const done = discarded.length + refused.length;
      events({ type: 'progress', key: 'clear unfinished writes', done, total, unit: 'files' });
      try {
        if (await remote.discard(one, { signal })) discarded.push(one);
      } catch (error) {
        if (!(error instanceof OcrpipeError) || error.code !== 'remote-denied') throw error;
        refused.push(one);
      }
    });
  } finally {
    events({ type: 'progress-end', key: 'clear unfinished writes' });
  }
  return { discarded, refused };
}

function tallyOf(writes: readonly Unfinished[]): WriteTally {
  return { writes: writes.length, bytes: writes.reduce((sum, { bytes }) => sum + bytes, 0) };
}
