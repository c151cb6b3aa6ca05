import { posix } from 'node:path';
import type { Entries, Entry } from './format.js';
import { labelOf, type Skipped } from './sample.js';
import { looksLikeImage, type WalkedFile } from './walk.js';

/**
 * Labels in file names: `TEXT.jpg`, and `NN-TEXT.jpg` where NN is a running number. Names that programs make of parts
 * (`IMG_1234`, `AAV358_2`, `photo (2)`) are skipped: what in them would be the label nobody can tell.
 */
export function readFileNames(files: readonly WalkedFile[]): Entries {
  const entries: Entry[] = [];
  const skipped: Skipped[] = [];
  for (const file of files.filter(looksLikeImage)) {
    const text = labelOf(labelInName(file.name));
    const reason = whyNoLabel(text);
    if (reason !== undefined) skipped.push({ name: file.name, reason });
    else entries.push({ name: file.name, image: { file: file.path }, text, more: {} });
  }
  return { entries, skipped };
}

function labelInName(name: string): string {
  return posix.parse(name).name.replace(/^\d+-(?=.)/, '');
}

function whyNoLabel(text: string): string | undefined {
  if (text === '') return 'no text in the name';
  if (text.includes('_')) return "a name with '_' does not look like a label";
  if (/\(\d+\)$| - Copy$/i.test(text)) return 'the name of a copy does not look like a label';
  return CAPTURED.test(text) ? 'a name that a program made does not look like a label' : undefined;
}

const PLATE = /^(?=.*\d)(?=.*\p{L})[\p{Lu}\p{Lo}\d]{4,10}$/u;
/** What cameras, scanners and programs that save images write before their counter. */
const COUNTED = /^(?:DSC[NF]?|PDSC|IMG|PXL|DJI|GOPR|MVIMG|VID|SCAN|IMAGE|PHOTO|FRAME)\d+$|^P\d{7}$/i;
const CAPTURED = /^(?:WhatsApp|Screenshot)\b/i;

/** What the names of the images in a folder say. */
export interface NamesVerdict {
  readonly images: number;
  /** Names that do not read like a licence plate. */
  readonly others: readonly string[];
  /** True if all names are one prefix with a counter: those of a camera or scanner. */
  readonly counted: boolean;
}

/**
 * Whether images are named like licence plates: 4 to 10 capital letters, digits and characters without case, at least
 * one digit and one letter. Names that a camera or scanner counts up (IMG0001, DSC00123) are no labels.
 */
export function judgeNames(files: readonly WalkedFile[]): NamesVerdict {
  const named = files
    .filter(looksLikeImage)
    .map(({ name }) => ({ name, label: labelInName(name).normalize('NFC') }));
  const others = named.filter(({ label }) => !PLATE.test(label) || COUNTED.test(label));
  return {
    images: named.length,
    others: others.map(({ name }) => name),
    counted: isCounter(named.map(({ label }) => label)),
  };
}

/** One plate may well be two letters and a number; several with the same letters are a counter. */
function isCounter(labels: readonly string[]): boolean {
  const prefix = /^[A-Z]+(?=\d+$)/.exec(labels[0] ?? '')?.[0];
  return (
    prefix !== undefined &&
    labels.length > 1 &&
    labels.every((label) => /^\d+$/.test(label.replace(prefix, '')))
  );
}
