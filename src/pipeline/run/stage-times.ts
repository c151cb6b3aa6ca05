import { join } from 'node:path';
import { giveTarget, writeTemporary } from '../../base/atomic-file.js';
import type { AbsPath } from '../../base/paths.js';
import { readRegularFile } from '../../base/regular-file.js';
import { memoryFolder } from '../../tracking/memory-folder.js';

const VERSION = 1;
/** What is expected of any stage before the first one has run. Seconds. */
const FIRST_GUESS = 1;
/** How much the newest time counts, against all before it. */
const NEWEST = 0.5;

/**
 * How long each stage took on this machine, for the order in which they are started. Kept beside the index: it is in no record and in
 * no signature, may be wrong, and can be deleted at any time.
 */
export class StageTimes {
  readonly #file: string;
  readonly #seconds: Map<string, number>;
  readonly #median: number;
  readonly #learnt = new Map<string, number>();

  constructor(root: AbsPath) {
    this.#file = join(memoryFolder(root), 'stage-times.json');
    this.#seconds = readTimes(this.#file);
    const known = [...this.#seconds.values()].sort((a, b) => a - b);
    this.#median = known[known.length >> 1] ?? FIRST_GUESS;
  }

  /** Seconds that a stage is expected to take: as it did, or as half of the others did. */
  expected(stage: string): number {
    return this.#seconds.get(stage) ?? this.#median;
  }

  /** The commands of a stage succeeded in so many seconds. */
  learn(stage: string, seconds: number): void {
    this.#learnt.set(stage, seconds);
  }

  /**
   * Writes what was learnt, and forgets stages that `keep` does not name. Nothing is flushed: a file that a power cut tears is read as
   * none. Another repro may have written meanwhile: what it learnt stays.
   */
  save(keep: ReadonlySet<string>): void {
    if (this.#learnt.size === 0) return;
    const seconds = readTimes(this.#file);
    for (const [stage, newest] of this.#learnt) {
      const before = seconds.get(stage) ?? newest;
      seconds.set(stage, round(NEWEST * newest + (1 - NEWEST) * before));
    }
    const kept = [...seconds].filter(([stage]) => keep.has(stage)).sort();
    const content = `${JSON.stringify({ version: VERSION, seconds: Object.fromEntries(kept) })}\n`;
    giveTarget(writeTemporary(this.#file, content, { flush: false }), this.#file, { content });
    this.#learnt.clear();
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** Nothing is known where the file is not there, or is not what is written here. */
function readTimes(file: string): Map<string, number> {
  try {
    const value = JSON.parse(readRegularFile(file).toString()) as { version?: unknown; seconds?: unknown };
    if (value.version !== VERSION || typeof value.seconds !== 'object' || value.seconds === null)
      return new Map();
    const known = Object.entries(value.seconds) as [string, unknown][];
    return new Map(known.filter((entry): entry is [string, number] => isTime(entry[1])));
  } catch {
    return new Map();
  }
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
