import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AbsPath } from '../../base/paths.js';

/** How many of its last lines a failed stage shows. */
const LAST_LINES = 20;

/** What a stage writes to stdout and stderr, kept as it comes: `.ocrstore/logs/STAGE.log`, that of the last run. */
export class StageLog {
  readonly path: string;
  private readonly fd: number;
  private readonly last: string[] = [];

  constructor(stateFolder: AbsPath, stage: string) {
    this.path = stageLogPath(stateFolder, stage);
    mkdirSync(dirname(this.path), { recursive: true });
    this.fd = openSync(this.path, 'w');
  }

  write(line: string): void {
    writeSync(this.fd, `${line}\n`);
    this.last.push(line);
    if (this.last.length > LAST_LINES) this.last.shift();
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
