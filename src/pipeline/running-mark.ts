import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { writePoint } from '../base/write-points.js';
import type { PipelineHost } from './host.js';
import { endGroup, processStart } from './process-group.js';

interface Mark {
  /** Process groups of the stage's commands, with the start of their leaders. */
  groups: { group: number; start: string }[];
  /** The commands succeeded, and recording was not asked for. */
  finished?: boolean;
}

/** How long an orphan of a killed repro may take to end by itself. */
const ORPHAN_GRACE_MS = 5_000;

/**
 * One file for each stage that ocrpipe began to run or restore and has not recorded. It heals a crash in between: what
 * stands at the stage's outputs is then ocrpipe's to delete, not an edit by hand.
 */
export class RunningMarks {
  readonly folder: string;

  constructor(host: Pick<PipelineHost, 'stateFolder'>) {
    this.folder = join(host.stateFolder, 'index', 'running');
  }

  has(stage: string): boolean {
    return existsSync(this.file(stage));
  }

  /** Must be durable before the first change of an output. */
  set(stage: string, group?: number): void {
    const start = group === undefined ? undefined : processStart(group);
    const mark: Mark = { groups: group === undefined || start === undefined ? [] : [{ group, start }] };
    this.write(stage, mark);
  }

  /** The stage made its outputs, but nobody asked to record them. */
  finish(stage: string): void {
    this.write(stage, { groups: [], finished: true });
  }

  isFinished(stage: string): boolean {
    return this.read(stage).finished ?? false;
  }

  clear(stage: string): void {
    writePoint();
    rmSync(this.file(stage), { force: true });
  }

  /** Ends what a killed repro left running: it would write into outputs that are made anew. True if there was anything. */
  async endOrphans(stage: string): Promise<boolean> {
    const alive = this.read(stage).groups.filter(({ group, start }) => processStart(group) === start);
    for (const { group } of alive) await endGroup(group, ORPHAN_GRACE_MS);
    return alive.length > 0;
  }

  private write(stage: string, mark: Mark): void {
    writeFileAtomic(this.file(stage), `${JSON.stringify(mark)}\n`);
  }

  private read(stage: string): Mark {
    try {
      return JSON.parse(readFileSync(this.file(stage), 'utf8')) as Mark;
    } catch {
      return { groups: [] };
    }
  }

  private file(stage: string): string {
    return join(this.folder, `${stage}.json`);
  }
}
