import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AbsPath } from '../../base/paths.js';

/** How many of its last lines a failed stage shows. */
const LAST_LINES = 20;

/** What a stage writes to stdout and stderr, kept as it comes: `.ocrstore/logs/STAGE.log`, that of the last run. */
export class StageLog {
  readonly path: string;
  private readonly fd: number;
  private last: string[] = [];
  private lastIsLive = false;

  constructor(stateFolder: AbsPath, stage: string) {
    this.path = stageLogPath(stateFolder, stage);
    mkdirSync(dirname(this.path), { recursive: true });
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

function stageLogPath(stateFolder: AbsPath, stage: string): string {
  return join(stateFolder, 'logs', `${stage}.log`);
}
