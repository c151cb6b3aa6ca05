import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { OcrpipeEvent } from '../../src/base/events.js';
import { readSamples, type ReadOptions } from '../../src/ocr/formats/read-samples.js';
import { temporaryFolder } from './temporary-folder.js';

/** A JPEG's first bytes: enough for what only looks. */
const JPEG = Buffer.from('ffd8ffe000104a464946', 'hex');

/** A folder with these files; an undefined content is an image. */
export function folderWith(files: Record<string, string | Buffer | undefined>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content ?? JPEG);
  }
  return folder;
}

/** Image and text of each sample of a source. */
export async function rows(source: string, options: ReadOptions = {}): Promise<[string, string][]> {
  const { samples } = await readSamples(source, options);
  return samples.map(({ name, text }) => [name, text]);
}

export type Note = Extract<OcrpipeEvent, { type: 'note' }>;

/** {@link rows}, and the notes that were given while they were read. */
export async function rowsAndNotes(
  source: string,
  options: ReadOptions = {},
): Promise<{ read: [string, string][]; notes: Note[] }> {
  const notes: Note[] = [];
  const events = (event: OcrpipeEvent): void => {
    if (event.type === 'note') notes.push(event);
  };
  return { read: await rows(source, { ...options, events }), notes };
}
