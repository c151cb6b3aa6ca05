import { lstatSync } from 'node:fs';
import type { EventSink } from '../../base/events.js';
import { inParallel } from '../../base/in-parallel.js';
import { breakSeal } from '../seal.js';
import type { FileReport } from './check-file.js';
import type { CheckMemory } from './check-memory.js';
import { CheckingThreads } from './checking-threads.js';
import type { Finding } from './finding.js';
import type { ListedFile } from './store-files.js';

export interface CheckOptions {
  memory: CheckMemory;
  /** Milliseconds after which no further file is begun; those checked longest ago come first. */
  budgetMs?: number | undefined;
  events: EventSink;
  signal: AbortSignal;
}

/** What a check of the files of a store found. */
export interface StoreCheck {
  /** Objects that were compared with their ids. */
  objects: number;
  /** Bytes of the files that were read. */
  bytes: number;
  /** Sorted by file. */
  findings: Finding[];
  /** Files for which the time did not last. */
  unchecked: Unchecked;
}

export interface Unchecked {
  files: number;
  bytes: number;
  /** How many of them were never found sound as they are. */
  never: number;
}

/** Milliseconds between two events of progress. */
const PROGRESS_MS = 250;

/**
 * Reads every byte of these files, on several threads, and says what is wrong. Files that are gone by the time they are
 * opened are passed over. What was found sound is remembered, also when the time is over or `signal` is aborted; damaged large
 * blobs lose their seal, so that nobody links to them or takes them for stored.
 */
export async function checkStore(files: readonly ListedFile[], options: CheckOptions): Promise<StoreCheck> {
  const { memory, budgetMs = Infinity, signal } = options;
  const ordered = inOrder(files, memory);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const threads = new CheckingThreads(total);
  const followed = follow(threads, { total, ...options });
  const until = performance.now() + budgetMs;
  const stop = (): void => {
    threads.watch.stop();
  };
  signal.addEventListener('abort', stop);
  try {
    const check = async ({ file }: Ordered): Promise<FileReport | undefined> => {
      if (performance.now() >= until) return undefined;
      const now = Date.now();
      const report = await threads.check(file);
      signal.throwIfAborted();
      if (report.findings.length > 0 && file.what === 'blob') breakSeal(file.file);
      memory.note(file.key, report.findings.length === 0 ? report.state : undefined, now);
      return report;
    };
    const reports = await inParallel(ordered, threads.atOnce, check, signal);
    return summary(ordered, reports);
  } finally {
    signal.removeEventListener('abort', stop);
    memory.save(new Set(files.map(({ key }) => key)));
    followed.end();
    await threads.close();
  }
}

/** A file and when it was last found sound. */
interface Ordered {
  file: ListedFile;
  checkedAt: number;
}

/** Those never checked first, then those checked longest ago. */
function inOrder(files: readonly ListedFile[], memory: CheckMemory): Ordered[] {
  const ordered = files.map((file): Ordered => {
    const state = lstatSync(file.file, { throwIfNoEntry: false });
    return { file, checkedAt: state ? memory.checkedAt(file.key, state) : 0 };
  });
  return ordered.sort((a, b) => a.checkedAt - b.checkedAt);
}

function summary(ordered: readonly Ordered[], reports: readonly (FileReport | undefined)[]): StoreCheck {
  const check: StoreCheck = {
    objects: 0,
    bytes: 0,
    findings: [],
    unchecked: { files: 0, bytes: 0, never: 0 },
  };
  ordered.forEach(({ file, checkedAt }, index) => {
    const report = reports[index];
    if (report) {
      check.objects += report.objects;
      check.bytes += report.bytes;
      check.findings.push(...report.findings);
    } else {
      check.unchecked.files += 1;
      check.unchecked.bytes += file.size;
      check.unchecked.never += checkedAt === 0 ? 1 : 0;
    }
  });
  check.findings.sort((a, b) => (a.where < b.where ? -1 : a.where > b.where ? 1 : 0));
  return check;
}

/** Tells how far the check is, now and then. */
function follow(
  { watch }: CheckingThreads,
  { events, total }: { events: EventSink; total: number },
): { end: () => void } {
  const show = (): void => {
    events({ type: 'progress', key: 'check', done: watch.bytes, total, unit: 'bytes' });
  };
  show();
  const timer = setInterval(show, PROGRESS_MS);
  return {
    end: () => {
      clearInterval(timer);
      events({ type: 'progress-end', key: 'check' });
    },
  };
}
