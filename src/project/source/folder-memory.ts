import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { isContentId, type ContentId } from '../../base/content-id.js';
import { systemErrorCode } from '../../base/errors.js';
import type { AbsPath } from '../../base/paths.js';
import { memoryFolder } from '../../tracking/memory-folder.js';

/** One object of a folder of a bucket. */
export interface FolderObject {
  /** Its key behind the prefix. */
  path: string;
  /** Bytes. */
  size: number;
  etag: string;
}

/** Where the workspace at `root` keeps such memories, on this machine. */
export function folderMemory(root: AbsPath): string {
  return join(memoryFolder(root), 'sources');
}

/**
 * Which bytes this machine found in the objects of one folder: a line of JSON for each, added once the bytes are stored. Lines that
 * cannot be read, as the last one of a killed command, count for nothing; the file may be deleted at any time, and costs a download then.
 */
export class FolderMemory {
  readonly #file: string;
  readonly #ids: Map<string, ContentId>;

  private constructor(file: string, ids: Map<string, ContentId>) {
    this.#file = file;
    this.#ids = ids;
  }

  /** The memory of the folder that is called `name` in `folder`. */
  static of(folder: string, name: string): FolderMemory {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name}.jsonl`);
    return new FolderMemory(file, new Map(linesOf(file).flatMap(remembered)));
  }

  /** The content id of exactly this version of an object. */
  idOf(object: FolderObject): ContentId | undefined {
    return this.#ids.get(keyOf(object));
  }

  add(brought: readonly (readonly [FolderObject, ContentId])[]): void {
    if (brought.length === 0) return;
    // The line before may have been cut.
    appendFileSync(this.#file, `\n${brought.map(([object, id]) => lineOf(object, id)).join('')}`);
    for (const [object, id] of brought) this.#ids.set(keyOf(object), id);
  }

  /** Forgets all others. */
  keepOnly(objects: readonly FolderObject[]): void {
    const lines = objects.flatMap((object) => {
      const id = this.idOf(object);
      return id === undefined ? [] : [lineOf(object, id)];
    });
    writeFileAtomic(this.#file, lines.join(''));
  }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function remembered(line: string): [string, ContentId][] {
  try {
    const [path, size, etag, id] = JSON.parse(line) as unknown[];
    if (typeof path !== 'string' || typeof size !== 'number' || typeof etag !== 'string') return [];
    return typeof id === 'string' && isContentId(id) ? [[keyOf({ path, size, etag }), id]] : [];
  } catch {
    return [];
  }
}

function lineOf({ path, size, etag }: FolderObject, id: ContentId): string {
  return `${JSON.stringify([path, size, etag, id])}\n`;
}

function keyOf({ path, size, etag }: FolderObject): string {
  return JSON.stringify([path, size, etag]);
}
