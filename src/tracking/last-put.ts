import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.js';
import { contentIdOf, isContentId } from '../base/content-id.js';
import type { RepoPath } from '../base/paths.js';
import { sameSnapshot } from './pointer.js';
import type { Snapshot } from './workspace-files.js';

const schema = z.object({
  path: z.string(),
  id: z.string().refine(isContentId),
  kind: z.enum(['file', 'directory']),
  size: z.number(),
  files: z.number().optional(),
  executable: z.boolean().optional(),
});

/**
 * What ocrpipe last put at (or took from) each tracked path on this machine: one small file a path, so that commands that
 * run at once do not overwrite each other's. Memory only: where it is lost, states are told with less certainty.
 */
export class LastPut {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(path: RepoPath): Snapshot | undefined {
    try {
      const {
        path: named,
        files,
        executable,
        ...rest
      } = schema.parse(JSON.parse(readFileSync(this.#fileOf(path), 'utf8')));
      if (named !== path) return undefined;
      return {
        ...rest,
        ...(files === undefined ? {} : { files }),
        ...(executable === undefined ? {} : { executable }),
      };
    } catch {
      // Absent, damaged, or written by another version: as if it had never been.
      return undefined;
    }
  }

  write(path: RepoPath, snapshot: Snapshot): void {
    if (sameSnapshot(this.read(path), snapshot)) return;
    writeFileAtomic(this.#fileOf(path), `${JSON.stringify({ path, ...snapshot })}\n`);
  }

  remove(path: RepoPath): void {
    rmSync(this.#fileOf(path), { force: true });
  }

  #fileOf(path: RepoPath): string {
    return join(this.#folder, `${contentIdOf(path).slice(0, 32)}.json`);
  }
}
