import { userError } from '../../base/errors.js';
import type { Entries, Entry } from './format.js';
import { eachOf } from './problems.js';
import { labelOf, type Skipped } from './sample.js';
import { readLabelFile } from './text-file.js';
import { compareNames, looksLikeImage, type WalkedFile } from './walk.js';

/** `NAME.gt.txt` beside `NAME.png` (or any other image of that name), in a folder and all folders below. */
const LABEL = /\.gt\.txt$/;

export function hasGtTxt(files: readonly WalkedFile[]): boolean {
  return files.some((file) => LABEL.test(file.name));
}

/**
 * What OCR tools put between the name of a line and the extension of an image that was made from it: `NAME.bin.png`. Any other
 * dot belongs to the name.
 */
const VARIANT = /\.(?:bin|nrm|raw|dew|desp|gr[ae]y|colou?r|rgb)$/i;

export function readGtTxt(files: readonly WalkedFile[]): Entries {
  const labels = files.filter((file) => LABEL.test(file.name));
  const stems = new Set(labels.map((file) => file.name.replace(LABEL, '')));
  const images = new Map<string, WalkedFile[]>();
  const skipped: Skipped[] = [];
  for (const file of files.filter((each) => !LABEL.test(each.name))) {
    if (!looksLikeImage(file)) continue;
    const stem = stemOf(file.name, stems);
    if (stem === undefined) skipped.push({ name: file.name, reason: 'no .gt.txt beside it' });
    else images.set(stem, [...(images.get(stem) ?? []), file]);
  }
  const readLabel = (label: WalkedFile): Entry => {
    const found = imagesOf(label, images.get(label.name.replace(LABEL, '')) ?? []);
    skipped.push(...found.others.map(({ name }) => passedOver(name, label, found.image)));
    return entryOf(label, found.image);
  };
  return { entries: eachOf(labels, readLabel, 'labels cannot be used'), skipped: skipped.sort(byName) };
}

/** The label that an image belongs to: that of its name without the extension, else without what makes it a variant. */
function stemOf(name: string, stems: ReadonlySet<string>): string | undefined {
  const whole = withoutExtension(name);
  return [whole, whole.replace(VARIANT, '')].find((stem) => stems.has(stem));
}

/** An extension begins with a letter: `2024.12` is a name as a whole. */
function withoutExtension(name: string): string {
  return name.replace(/\.[a-z][^./]*$/i, '');
}

/** The image of a label, of those that may be it: the one of its very name, else the only variant. */
function imagesOf(
  label: WalkedFile,
  candidates: readonly WalkedFile[],
): { image: WalkedFile; others: readonly WalkedFile[] } {
  const stem = label.name.replace(LABEL, '');
  const exact = candidates.filter(({ name }) => withoutExtension(name) === stem);
  const [image, another] = exact.length > 0 ? exact : candidates;
  if (!image) {
    throw userError('image-missing', `${label.path} has no image beside it`, {
      location: { file: label.path },
      hint: 'Put the image of the same name beside it, or remove the label.',
    });
  }
  if (another) {
    throw userError('image-ambiguous', `${label.path} may belong to ${image.name} or ${another.name}`, {
      location: { file: label.path },
      hint: 'Keep one image for each label.',
    });
  }
  return { image, others: candidates.filter((each) => each !== image) };
}

function passedOver(name: string, label: WalkedFile, image: WalkedFile): Skipped {
  return { name, reason: `${label.name} is read with ${image.name}` };
}

function byName(a: Skipped, b: Skipped): number {
  return compareNames(a.name, b.name);
}

function entryOf(label: WalkedFile, image: WalkedFile): Entry {
  return {
    name: image.name,
    image: { file: image.path },
    text: labelOf(readLabelFile(label.path)),
    more: {},
  };
}
