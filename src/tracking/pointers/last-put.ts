import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { WholeFile } from '../../base/atomic-files.js';
import { contentIdOf, isContentId } from '../../base/content-id.js';
import type { RepoPath } from '../../base/paths.js';
import { readRegularFile } from '../../base/regular-file.js';
import { sameSnapshot } from './plain-pointer.js';
import type { Snapshot } from '../workspace-files.js';

const snapshot = z.object({
  id: z.string().refine(isContentId),
  kind: z.enum(['file', 'directory']),
  size: z.number(),
  files: z.number().optional(),
  executable: z.boolean().optional(),
});
const schema = z.object({
  path: z.string(),
  put: snapshot.optional(),
  begun: snapshot.optional(),
  parts: z.array(z.string()).optional(),
});

/** What is remembered of one path. */
export interface Remembered {
  /** What ocrpipe last put there, or took from there. */
  put?: Snapshot;
  /** What a checkout began to put there; it is gone once the checkout is done. */
  begun?: Snapshot;
  /** Of a directory of which only parts were put there: these, as paths below it (raw bytes as latin1). */
  parts?: readonly string[];
}

/**
 * What ocrpipe last put at (or took from) each tracked path on this machine: one small file a path, so that commands that
 * run at once do not overwrite each other's. Memory only: where it is lost, states are told with less certainty.
 */
export class LastPut {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** In what a machine remembers of a workspace. */
  static of(memory: string): LastPut {
    return new LastPut(join(memory, 'put'));
  }

  read(path: RepoPath): Remembered {
    try {
      const {
        path: named,
        put,
        begun,
        parts,
      } = schema.parse(JSON.parse(readRegularFile(this.#fileOf(path)).toString()));
      if (named !== path) return {};
      return {
        ...(put && { put: toSnapshot(put) }),
        ...(begun && { begun: toSnapshot(begun) }),
        ...(parts && { parts }),
      };
    } catch {
      // Absent, damaged, or written by another version: as if it had never been.
      return {};
    }
  }

  /** Remembers what is there now; whatever was begun is done. Without `parts`, what was there in part still is. */
  write(path: RepoPath, put: Snapshot, parts?: readonly string[]): void {
    const file = this.toWrite(path, put, parts);
    if (file !== undefined) writeFileAtomic(file.path, file.content);
  }

  /** The file that `write` writes; undefined if it stands there. `before`: what `read` says. */
  toWrite(
    path: RepoPath,
    put: Snapshot,
    parts?: readonly string[],
    before: Remembered = this.read(path),
  ): WholeFile | undefined {
    const kept = put.kind === 'directory' ? (parts ?? before.parts ?? []) : [];
    const same = sameSnapshot(before.put, put) && sameParts(before.parts ?? [], kept);
    if (!before.begun && same) return undefined;
    return this.#file(path, { put, ...(kept.length > 0 && { parts: kept }) });
  }

  /** Remembers that a checkout of `begun` starts to change files. */
  begin(path: RepoPath, begun: Snapshot, parts?: readonly string[]): void {
    const before = this.read(path);
    const { path: file, content } = this.toBegin(path, begun, parts ? { ...before, parts } : before);
    writeFileAtomic(file, content);
  }

  /** The file that `begin` writes. `before`: what `read` says. */
  toBegin(path: RepoPath, begun: Snapshot, { put, parts = [] }: Remembered): WholeFile {
    return this.#file(path, { ...(put && { put }), begun, ...(parts.length > 0 && { parts }) });
  }

  /** The file that makes `to` remembered as `from` is; where nothing is remembered of that, `to` is forgotten now. */
  toCopy(from: RepoPath, to: RepoPath): WholeFile | undefined {
    const remembered = this.read(from);
    if (Object.keys(remembered).length > 0) return this.#file(to, remembered);
    this.remove(to);
    return undefined;
  }

  /** Everything that is remembered. */
  *all(): Generator<{ path: RepoPath } & Remembered> {
    for (const name of namesIn(this.#folder)) {
      const path = pathIn(join(this.#folder, name));
      if (path !== undefined) yield { path, ...this.read(path) };
    }
  }

  remove(path: RepoPath): void {
    rmSync(this.#fileOf(path), { force: true });
  }

  #file(path: RepoPath, remembered: Remembered): WholeFile {
    return { path: this.#fileOf(path), content: `${JSON.stringify({ path, ...remembered })}\n` };
  }

  #fileOf(path: RepoPath): string {
    return join(this.#folder, `${contentIdOf(path).slice(0, 32)}.json`);
  }
}

function sameParts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}

function toSnapshot({ id, kind, size, files, executable }: z.infer<typeof snapshot>): Snapshot {
  return {
    id,
    kind,
    size,
    ...(files === undefined ? {} : { files }),
    ...(executable === undefined ? {} : { executable }),
  };
}

/** The path that a file of the memory is about; undefined if it does not say. */
function pathIn(file: string): RepoPath | undefined {
  try {
    return schema.parse(JSON.parse(readRegularFile(file).toString())).path as RepoPath;
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
