import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { WholeFile } from '../base/atomic-files.js';
import { contentIdOf } from '../base/content-id.js';
import { repoPath, type AbsPath, type RepoPath } from '../base/paths.js';
import { readRegularFile } from '../base/regular-file.js';
import { writePoint } from '../base/write-points.js';
import { hasPointer } from './pointers/pointer-file.js';
import type { UnfinishedMove } from './workspace-files.js';

const place = z.string().transform(repoPath);
const schema = z.object({ from: place, to: place });

/**
 * One small file for each move that was begun and is not done, so that `status` can name what a killed one left. Memory only:
 * a move is finished by what stands in the workspace.
 */
export class MoveMarks {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The file that says that a move was begun. */
  toWrite(move: UnfinishedMove): WholeFile {
    return { path: this.#fileOf(move.from), content: `${JSON.stringify(move)}\n` };
  }

  end(from: RepoPath): void {
    writePoint();
    rmSync(this.#fileOf(from), { force: true });
  }

  /** Ends the moves that were killed between one of `paths` and another place: who stops tracking one of them does not go on. */
  giveUp(root: AbsPath, paths: ReadonlySet<RepoPath>): void {
    for (const { from, to } of this.unfinished(root)) if (paths.has(from) || paths.has(to)) this.end(from);
  }

  /** The moves whose path still has its old pointer, sorted. */
  unfinished(root: AbsPath): UnfinishedMove[] {
    const moves = namesIn(this.#folder).flatMap((name) => this.#read(name));
    return moves.filter(({ from }) => hasPointer(root, from)).sort((a, b) => (a.from < b.from ? -1 : 1));
  }

  #read(name: string): UnfinishedMove[] {
    try {
      return [schema.parse(JSON.parse(readRegularFile(join(this.#folder, name)).toString()))];
    } catch {
      // Absent by now, damaged, or written by another version: as if it had never been.
      return [];
    }
  }

  #fileOf(from: RepoPath): string {
    return join(this.#folder, `${contentIdOf(from).slice(0, 32)}.json`);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^[0-9a-f]{32}\.json$/.test(name));
  } catch {
    return [];
  }
}
