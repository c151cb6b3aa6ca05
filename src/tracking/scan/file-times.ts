import { closeSync, fstatSync, lstatSync, openSync, unlinkSync } from 'node:fs';
import { temporaryBeside } from '../../base/atomic-file.js';
import { isOnLocalDisk } from '../../base/local-disk.js';
import { fsPath, joinBytes, type BytePath } from '../byte-path.js';
import type { FileStat } from './stat-index-format.js';

/** What tracking knows of files without reading them; tests put a coarser clock in its place. */
export interface FileTimes {
  /** A stat as this clock shows it. */
  view<S extends FileStat>(stat: S): S;
  /**
   * Files of the file system of `folder` whose times are older than this (milliseconds) cannot change without getting
   * another time. Taken from that file system's own clock, which need not be this machine's.
   */
  settledBefore(folder: BytePath): number;
  /** True if the file system of `folder` gives a folder new times whenever a name in it is added, removed or replaced. */
  showsNames(folder: BytePath): boolean;
}

/** Time stamps of local file systems step by a few milliseconds at most. */
const LOCAL_STEP_MS = 50;
/** Network file systems keep times for a while, and old ones step by two seconds. */
const UNKNOWN_STEP_MS = 2000;

export const realFileTimes: FileTimes = {
  view: (stat) => stat,
  // Network file systems, and foreign ones behind FUSE, may not.
  showsNames: isLocal,
  settledBefore: (folder) => {
    const now = timeOfNewFile(folder);
    // Where no file can be made, nothing is trusted: that costs reading, never a missed change.
    return now === undefined ? Number.NEGATIVE_INFINITY : now - stepOf(folder);
  },
};

function timeOfNewFile(folder: BytePath): number | undefined {
  const name = fsPath(joinBytes(folder, temporaryBeside('clock')));
  try {
    const fd = openSync(name, 'wx');
    try {
      return fstatSync(fd).mtimeMs;
    } finally {
      closeSync(fd);
      unlinkSync(name);
    }
  } catch {
    return undefined;
  }
}

function stepOf(folder: BytePath): number {
  return isLocal(folder) ? LOCAL_STEP_MS : UNKNOWN_STEP_MS;
}

function isLocal(folder: BytePath): boolean {
  return isOnLocalDisk(fsPath(folder));
}

/**
 * The same clock, asked once for each folder and remembered from then on: for several scans, one after the other. What was settled
 * when the first began is settled for the others.
 */
export function askedOnce(times: FileTimes): FileTimes {
  const known = new Map<BytePath, number>();
  return {
    view: (stat) => times.view(stat),
    showsNames: (folder) => times.showsNames(folder),
    settledBefore: (folder) => {
      const settled = known.get(folder) ?? times.settledBefore(folder);
      known.set(folder, settled);
      return settled;
    },
  };
}

/** A clock is asked again after so long. Milliseconds. */
const ASKED_AGAIN_MS = 50;

/**
 * The same clock, asked again only when the last answer is some time old: for many scans shortly one after the other. An older answer
 * settles less, never more; what is read because of it is as young as that.
 */
export function askedRarely(times: FileTimes): FileTimes {
  const known = new Map<BytePath, { settled: number; asked: number }>();
  return {
    view: (stat) => times.view(stat),
    showsNames: (folder) => times.showsNames(folder),
    settledBefore: (folder) => {
      const last = known.get(folder);
      const asked = performance.now();
      if (last !== undefined && asked - last.asked < ASKED_AGAIN_MS) return last.settled;
      const settled = times.settledBefore(folder);
      known.set(folder, { settled, asked });
      return settled;
    },
  };
}

/** Asks `times` once for each file system (told by the `dev` of its folders) and remembers the answer for one scan. */
export class SettledTimes {
  readonly #times: FileTimes;
  readonly #aside: BytePath;
  readonly #known = new Map<number, number>();
  readonly #showsNames = new Map<number, boolean>();

  /** The clock is asked in the folder `aside` where that is on the same file system: asking changes a folder's own times. */
  constructor(times: FileTimes, aside: BytePath) {
    this.#times = times;
    this.#aside = aside;
  }

  /** Call for every folder before anything in it is looked at: the clock must be read before the files. */
  enter(folder: BytePath, dev: number): number {
    const known = this.#known.get(dev);
    if (known !== undefined) return known;
    const fresh = this.#ask(folder, dev);
    this.#known.set(dev, fresh);
    return fresh;
  }

  /** Like `enter`, for the times of the folder itself: where those do not show its names they are never settled. */
  enterNames(folder: BytePath, dev: number): number {
    const shown = this.#showsNames.get(dev) ?? this.#times.showsNames(folder);
    this.#showsNames.set(dev, shown);
    return shown ? this.enter(folder, dev) : Number.NEGATIVE_INFINITY;
  }

  #ask(folder: BytePath, dev: number): number {
    const there = lstatSync(fsPath(this.#aside), { throwIfNoEntry: false });
    const answer = there?.dev === dev ? this.#times.settledBefore(this.#aside) : Number.NEGATIVE_INFINITY;
    return answer === Number.NEGATIVE_INFINITY ? this.#times.settledBefore(folder) : answer;
  }
}
