import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { systemErrorCode } from '../../base/errors.js';
import { inParallel } from '../../base/in-parallel.js';
import { compareNames } from '../formats/walk.js';

/** Says what was drawn into the folder that holds it, so that a later drawing replaces that and nothing else. */
const RECORD_FILE = '.synth.json';
/** How many files are read at once. */
const READERS = 8;

/** Writes the record of a folder that is finished. The same drawing has the same record on every machine. */
export async function recordDrawn(folder: string, signal?: AbortSignal): Promise<void> {
  writeFileSync(join(folder, RECORD_FILE), recordText(await idOfFiles(folder, signal)));
}

/** True if the folder holds exactly what was drawn into it: nothing was changed, added or taken away since. */
export async function isAsDrawn(folder: string, signal?: AbortSignal): Promise<boolean> {
  const record = readRecord(folder);
  return record !== undefined && record === recordText(await idOfFiles(folder, signal));
}

function recordText(id: ContentId): string {
  return `${JSON.stringify({ version: 1, id })}\n`;
}

function readRecord(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, RECORD_FILE), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** One content id for the names and bytes of everything below `folder` but the record. */
async function idOfFiles(folder: string, signal?: AbortSignal): Promise<ContentId> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other';
      return { path, kind, name: relative(folder, path).replaceAll(sep, '/') };
    })
    .filter(({ name }) => name !== RECORD_FILE)
    .sort((a, b) => compareNames(a.name, b.name));
  const ids = await inParallel(
    entries,
    READERS,
    async ({ path, kind }) => (kind === 'file' ? idOfFile(path) : kind),
    signal,
  );
  return contentIdOf(JSON.stringify(entries.map(({ name }, index) => [name, ids[index]])));
}

/** A file that cannot be read, or whose name cannot be written as text, is none that was drawn. */
async function idOfFile(path: string): Promise<ContentId | 'unreadable'> {
  try {
    return contentIdOf(await readFile(path));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return 'unreadable';
  }
}
