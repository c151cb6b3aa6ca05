import { appendFileSync, closeSync, fsyncSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../base/atomic-file.js';
import { writePoint } from '../../../base/write-points.js';
import { namesIn } from '../../../base/names-in.js';
import { isSummary, sessionStart, summaryEvent, versionEvent, type SummaryValue } from './events.js';
import { framed, recordsOf } from './records.js';

/** `events.out.tfevents.<seconds since 1970>.<first digits of the training's key>`: TensorBoard reads files in the order of their names. */
const NAME = /^events\.out\.tfevents\.(?<seconds>\d{10})\.(?<key>[0-9a-f]{12})$/;
const KEY_DIGITS = 12;

/** True for the name of a file that a training writes into the folder of its events. */
export function isEventFile(name: string): boolean {
  return NAME.test(name);
}

/** A file of events that grows. */
export interface EventFile {
  /** Summaries that it holds. */
  count(): number;
  write(step: number, values: readonly SummaryValue[]): void;
  /** What was written outlasts a loss of power. */
  flush(): void;
}

export interface EventFolder {
  /** Absolute. */
  path: string;
  /** Says which training it is. */
  key: string;
  /** A folder for the file while it is made: TensorBoard would read it in its own. */
  staging: string;
  /** Seconds since 1970. */
  now?: () => number;
}

/**
 * Begins a new file with the first `keep` summaries of what an earlier part of the same training wrote, and removes all earlier
 * files. They are removed when the new one is there: a crash in between leaves both, of which the new one begins with the word
 * to forget what was read before. `isContinued` says whether such a file was there.
 */
export function openEventFile(
  { path, key, staging, now = () => Date.now() / 1000 }: EventFolder,
  keep: number,
): EventFile & { isContinued: boolean } {
  const earlier = earlierFiles(path);
  const mark = key.slice(0, KEY_DIGITS);
  const own = keep === 0 ? undefined : earlier.findLast(({ name }) => name.endsWith(`.${mark}`));
  const kept = own === undefined ? [] : summariesOf(join(path, own.name)).slice(0, keep);
  const seconds = Math.max(Math.floor(now()), (earlier.at(-1)?.seconds ?? 0) + 1);
  const file = join(path, `events.out.tfevents.${seconds}.${mark}`);
  const start = [versionEvent(now()), sessionStart({ wallTime: now(), step: 0 }), ...kept];
  writeFileAtomic(file, Buffer.concat(start.map(framed)), { staging });
  for (const { name } of earlier) {
    writePoint();
    rmSync(join(path, name), { force: true });
  }
  let count = kept.length;
  return {
    isContinued: kept.length > 0,
    count: () => count,
    write(step, values) {
      appendFileSync(file, framed(summaryEvent({ wallTime: now(), step }, values)));
      count += 1;
    },
    flush() {
      flushFile(file);
    },
  };
}

function earlierFiles(folder: string): { name: string; seconds: number }[] {
  return namesIn(folder)
    .filter(isEventFile)
    .sort()
    .map((name) => ({ name, seconds: Number(NAME.exec(name)?.groups?.['seconds']) }));
}

function summariesOf(file: string): Buffer[] {
  return [...recordsOf(readFileSync(file))].filter(isSummary);
}

function flushFile(file: string): void {
  const fd = openSync(file, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
