import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory, writeTemporary } from '../../base/atomic-file.js';
import { writePoint } from '../../base/write-points.js';
import { manifestText } from '../formats/manifest.js';
import type { Part } from './split.js';

/** Where a part of a split is. */
export function partFile(folder: string, name: string): string {
  return join(folder, `${name}.jsonl`);
}

/**
 * Puts the parts of a split in place. A process that is killed meanwhile leaves some parts of the split before or of this
 * one, never of both, which would overlap: all parts are written under other names, then those of before that differ are
 * removed, and only then do the new ones get their names. A part that is missing is noticed by whoever wants to read it.
 */
export function writeParts(folder: string, parts: readonly Part[]): void {
  mkdirSync(folder, { recursive: true });
  const changed = parts
    .map(({ name, samples }) => ({ file: partFile(folder, name), text: manifestText(folder, samples) }))
    .filter(({ file, text }) => !existsSync(file) || readFileSync(file, 'utf8') !== text);
  const written: { file: string; temporary: string }[] = [];
  try {
    for (const { file, text } of changed) written.push({ file, temporary: writeTemporary(file, text) });
    for (const { file } of written) {
      writePoint();
      rmSync(file, { force: true });
    }
    syncDirectory(folder);
    for (const { file, temporary } of written) {
      writePoint();
      renameSync(temporary, file);
    }
    syncDirectory(folder);
  } finally {
    for (const { temporary } of written) rmSync(temporary, { force: true });
  }
}
