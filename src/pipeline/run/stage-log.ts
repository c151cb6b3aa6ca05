import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { AbsPath } from '../../base/paths.js';
import { logFiles, logFolder, pruneLogs } from './log-files.js';

/** How many of its last lines a failed stage shows. */
const LAST_LINES = 20;

/** What a stage writes to stdout and stderr, kept as it comes in a file of its own for each attempt, see `logFiles`. */
export class StageLog {
  readonly path: string;
  /** Counts from 1 as long as logs of the stage are kept. */
  readonly attempt: number;
  private readonly fd: number;
  private last: string[] = [];
  private lastIsLive = false;

  constructor(stateFolder: AbsPath, stage: string) {
    const folder = logFolder(stateFolder, stage);
    mkdirSync(folder, { recursive: true });
    const files = logFiles(stateFolder, stage);
    pruneLogs(files, { room: 1, now: Date.now() });
    this.attempt = (files.at(-1)?.attempt ?? 0) + 1;
    this.path = join(folder, `${this.attempt}.log`);
    this.fd = openSync(this.path, 'w');
  }

  /** `live`: the next line is written over this one, and takes its place among the last ones. */
  write(line: string, live: boolean): void {
    writeSync(this.fd, `${line}\n`);
    const kept = this.lastIsLive ? this.last.slice(0, -1) : this.last;
    this.last = [...kept, line].slice(-LAST_LINES);
    this.lastIsLive = live;
  }

  lastLines(): readonly string[] {
    return this.last;
  }

  close(): void {
    closeSync(this.fd);
  }
}
