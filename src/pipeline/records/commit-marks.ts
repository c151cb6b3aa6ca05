import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { RepoPath } from '../../base/paths.js';
import { readRegularFile } from '../../base/regular-file.js';
import { writePoint } from '../../base/write-points.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import { stageFileName } from '../definition/stage/stage-names.js';
import type { PipelineHost } from '../host.js';
import { sameContent, type LockedPath } from './signature.js';

/**
 * One file for each stage whose outputs are being recorded, from before the first pointer until the lock names them. Of a commit
 * that dies in between, pointer and workspace agree, and only the lock does not: without the mark that would be a pointer that
 * git moved, and the edit would be replaced by what the lock names.
 */
export class CommitMarks {
  readonly #folder: string;

  constructor(host: Pick<PipelineHost, 'stateFolder'>) {
    this.#folder = join(host.stateFolder, 'index', 'committing');
  }

  /** Must be durable before the first pointer is written. */
  begin(stage: string, outs: readonly LockedPath[]): void {
    writeFileAtomic(this.#file(stage), `${JSON.stringify(outs)}\n`);
  }

  clear(stage: string): void {
    if (!existsSync(this.#file(stage))) return;
    writePoint();
    rmSync(this.#file(stage), { force: true });
  }

  /** The outputs that a recording which did not end was to name. */
  paths(stage: string): readonly RepoPath[] {
    return this.#read(stage).map(({ path }) => path);
  }

  /** Says of what stands at a path whether it is what a recording of this stage was to name. */
  begun(stage: string): (path: RepoPath, there: Snapshot | undefined) => boolean {
    const outs = new Map(this.#read(stage).map((out) => [out.path, out]));
    return (path, there) => {
      const out = outs.get(path);
      return out !== undefined && there !== undefined && sameContent(out, there);
    };
  }

  /** A mark that cannot be read says nothing. */
  #read(stage: string): LockedPath[] {
    // Nearly always: an error that is thrown and caught costs ten times as much.
    if (!existsSync(this.#file(stage))) return [];
    try {
      return JSON.parse(readRegularFile(this.#file(stage)).toString()) as LockedPath[];
    } catch {
      return [];
    }
  }

  #file(stage: string): string {
    return join(this.#folder, `${stageFileName(stage)}.json`);
  }
}
