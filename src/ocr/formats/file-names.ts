import { posix } from 'node:path';
import type { Entries, Entry } from './format.js';
import { labelOf, type Skipped } from './sample.js';
import { looksLikeImage, type WalkedFile } from './walk.js';

/** Labels in file names: `TEXT.jpg`, and `NN-TEXT.jpg` where NN is a running number. */
export function readFileNames(files: readonly WalkedFile[]): Entries {
  const entries: Entry[] = [];
  const skipped: Skipped[] = [];
  for (const file of files.filter(looksLikeImage)) {
    const text = labelOf(labelInName(file.name));
    if (text === '') skipped.push({ name: file.name, reason: 'no text in the name' });
    else entries.push({ name: file.name, image: { file: file.path }, text, more: {} });
  }
  return { entries, skipped };
}

function labelInName(name: string): string {
  return posix.parse(name).name.replace(/^\d+-(?=.)/, '');
}

const PLATE = /^(?=.*\d)(?=.*\p{L})[\p{Lu}\p{Lo}\d]{4,10}$/u;

/**
 * True if every image's name reads like a licence plate: 4 to 10 capital letters, digits and characters without case,
 * at least one digit and one letter. Names that a camera or scanner counts up (IMG0001, IMG0002) are no labels.
 */
export function namesLookLikePlates(files: readonly WalkedFile[]): boolean {
  const labels = files.filter(looksLikeImage).map((file) => labelInName(file.name).normalize('NFC'));
  return labels.length > 0 && labels.every((label) => PLATE.test(label)) && !isCounter(labels);
}

function isCounter(labels: readonly string[]): boolean {
  const prefix = /^[A-Z]{2,}(?=\d+$)/.exec(labels[0] ?? '')?.[0];
  return prefix !== undefined && labels.every((label) => /^\d+$/.test(label.replace(prefix, '')));
}
