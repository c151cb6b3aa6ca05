import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { writeFilesAtomic } from '../../base/atomic-files.js';
import type { ContentId } from '../../base/content-id.js';
import type { RepoPath } from '../../base/paths.js';
import { readRegularFile } from '../../base/regular-file.js';
import { writePoint } from '../../base/write-points.js';
import { removeFile } from '../../store/temporary.js';
import { PathIndex } from '../../tracking/path-index.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import { stageFileName, stageOfFileName } from '../definition/stage/stage-names.js';
import type { PipelineHost } from '../host.js';
import { endGroup, processStart } from '../process-group.js';
import { sameContent, type LockedPath } from './signature.js';
import type { Stage } from '../definition/stage/stage.js';

interface Mark {
  /** The outputs that the run was to make. `left`: what it left there, once it has ended in order. */
  outs: { path: RepoPath; left?: Snapshot }[];
  /** The commands succeeded on inputs of this signature, and recording was not asked for. */
  finished?: ContentId;
}

/** The process group of a stage's commands, with the start of its leader. */
interface Group {
  group: number;
  start: string;
}

/** How long an orphan of a killed repro may take to end by itself. */
const ORPHAN_GRACE_MS = 5_000;

/**
 * One file for each stage that ocrpipe began to run or restore and has not recorded. It says which bytes are ocrpipe's to
 * delete although no store holds them: where the run ended in order (it failed, was interrupted, or was not to be recorded),
 * exactly what it left; where it was killed, whatever stands at the outputs that it was to make. Everything else at an
 * output is judged as if there were no mark.
 *
 * Lines of JSON: the mark, and after it the process group of each command that was started.
 */
export class RunningMarks {
  readonly folder: string;

  constructor(host: Pick<PipelineHost, 'stateFolder'>) {
    this.folder = join(host.stateFolder, 'index', 'running');
  }

  /** All that have a mark. */
  stages(): ReadonlySet<string> {
    if (!existsSync(this.folder)) return new Set();
    const names = readdirSync(this.folder).filter((name) => name.endsWith('.json'));
    return new Set(names.map((name) => stageOfFileName(name.slice(0, -'.json'.length))));
  }

  has(stage: string): boolean {
    return existsSync(this.file(stage));
  }

  /** Must be durable before the first change of an output; what stands there must be in the store, or may be lost. */
  begin(stage: Stage): Promise<void> {
    const content = textOf({ outs: stage.outs.map(({ path }) => ({ path })) });
    return writeFilesAtomic([[{ path: this.file(stage.name), content }]]);
  }

  /** A command of the stage runs, in this process group. Nothing is flushed: a machine that loses power ends the group as well. */
  started(stage: Stage, group: number): void {
    const start = processStart(group);
    if (start === undefined) return;
    const known: Group = { group, start };
    writePoint();
    appendFileSync(this.file(stage.name), `${JSON.stringify(known)}\n`);
  }

  /** The run ended in order and left this. `finished`: the signature of its inputs, if all commands succeeded. */
  end(stage: string, left: readonly LockedPath[], finished?: ContentId): void {
    const outs = left.map(({ path, ...snapshot }) => ({ path, left: snapshot }));
    this.write(stage, { outs, ...(finished !== undefined && { finished }) });
  }

  /** The signature of the inputs on which the commands succeeded without being recorded. */
  finishedOn(stage: string): ContentId | undefined {
    return this.read(stage).finished;
  }

  /** The outputs that a run which was not recorded was to make. */
  paths(stage: string): readonly RepoPath[] {
    return this.read(stage).outs.map(({ path }) => path);
  }

  /** Says of what stands at a path whether an unrecorded run of this stage left it. */
  leftovers(stage: string): (path: RepoPath, there: Snapshot | undefined) => boolean {
    const outs = new Map(this.read(stage).outs.map((out) => [out.path, out]));
    return (path, there) => {
      const out = outs.get(path);
      if (!out || !there) return false;
      return out.left === undefined || sameContent(out.left, there);
    };
  }

  /** Something else was put at a path: no run left what stands there, above or below it. */
  settle(path: RepoPath): void {
    this.settleAll([path]);
  }

  /** The same of several paths. */
  settleAll(paths: readonly RepoPath[]): void {
    const settled = new PathIndex(paths);
    for (const stage of this.stages()) {
      const mark = this.read(stage);
      const outs = mark.outs.filter(
        ({ path }) => !settled.has(path) && settled.overlapping(path) === undefined,
      );
      if (outs.length < mark.outs.length) this.write(stage, { ...mark, outs }, this.group(stage));
    }
  }

  clear(stage: string): void {
    writePoint();
    removeFile(this.file(stage));
  }

  /** Ends what a killed repro left running: it would write into outputs that are made anew. True if there was anything. */
  async endOrphans(stage: string): Promise<boolean> {
    const known = this.group(stage);
    if (!known || processStart(known.group) !== known.start) return false;
    await endGroup(known.group, ORPHAN_GRACE_MS);
    return true;
  }

  private write(stage: string, ...lines: [Mark, Group?]): void {
    writeFileAtomic(this.file(stage), textOf(...lines));
  }

  /** A mark that cannot be read gives nothing away. */
  private read(stage: string): Mark {
    const nothing: Mark = { outs: [] };
    // Nearly always: an error that is thrown and caught costs ten times as much.
    if (!this.has(stage)) return nothing;
    try {
      return { ...nothing, ...(JSON.parse(this.lines(stage)[0]!) as Partial<Mark>) };
    } catch {
      return nothing;
    }
  }

  /** Of the last command that was started. */
  private group(stage: string): Group | undefined {
    try {
      const [, ...groups] = this.lines(stage);
      const last = groups.at(-1);
      return last === undefined ? undefined : (JSON.parse(last) as Group);
    } catch {
      return undefined;
    }
  }

  private lines(stage: string): string[] {
    const lines = readRegularFile(this.file(stage)).toString().split('\n');
    return lines.filter((line) => line !== '');
  }

  private file(stage: string): string {
    return join(this.folder, `${stageFileName(stage)}.json`);
  }
}

function textOf(...lines: [Mark, Group?]): string {
  return lines.map((line) => (line ? `${JSON.stringify(line)}\n` : '')).join('');
}
