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
  const entries = eachOf(
    labels,
    (label) => entryOf(label, images.get(label.name.replace(LABEL, '')) ?? []),
    'labels cannot be used',
  );
  return { entries, skipped };
}

/** The label that an image belongs to: its name without one extension, or without two (`NAME.bin.png`). */
function stemOf(name: string, stems: ReadonlySet<string>): string | undefined {
  const one = name.replace(/\.[^./]+$/, '');
  const two = one.replace(/\.[^./]+$/, '');
  return [one, two].find((stem) => stems.has(stem));
}

function entryOf(label: WalkedFile, images: readonly WalkedFile[]): Entry {
  const [image, another] = [...images].sort(
    (a, b) => a.name.length - b.name.length || compareNames(a.name, b.name),
  );
  if (!image) {
    throw userError('image-missing', `${label.path} has no image beside it`, {
      location: { file: label.path },
      hint: 'Put the image of the same name beside it, or remove the label.',
    });
  }
  if (another?.name.length === image.name.length) {
    throw userError('image-ambiguous', `${label.path} may belong to ${image.name} or ${another.name}`, {
      location: { file: label.path },
      hint: 'Keep one image for each label.',
    });
  }
  return {
    name: image.name,
    image: { file: image.path },
    text: labelOf(readLabelFile(label.path)),
    more: {},
  };
}
