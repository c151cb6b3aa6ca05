import { userError, type OcrpipeError } from '../../base/errors.js';
import { placeOf } from './place-of.js';
import { together } from './problems.js';
import type { Sample } from './sample.js';

/**
 * What no source may say, whatever its format: two different texts of one image (`image-two-texts`), and half of a
 * surrogate pair, which UTF-8 cannot hold (`label-not-unicode`). Throws (exit code 2), naming all such labels.
 */
export function refuseBadLabels(samples: readonly Sample[], source: string): void {
  const broken = samples.filter(({ text }) => hasLoneSurrogate(text));
  if (broken.length > 0) {
    const problems = broken.map((sample) => notUnicode(sample, source));
    throw together(problems, `${broken.length} of ${samples.length} labels are not Unicode text`);
  }
  const contradictions = contradictory(samples).map(([one, other]) => twoTexts(one, other, source));
  if (contradictions.length === 0) return;
  throw together(contradictions, `${contradictions.length} images have different labels`);
}

/** True if the text has half of a surrogate pair: JSON can write it (`"\ud83d"`), UTF-8 cannot. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

/** For each image with different texts, compared in NFC, its first label and the first that differs from it. */
function contradictory(samples: readonly Sample[]): [Sample, Sample][] {
  const firsts = new Map<string, Sample>();
  const found = new Map<string, [Sample, Sample]>();
  for (const sample of samples) {
    const first = firsts.get(sample.image);
    if (first === undefined) firsts.set(sample.image, sample);
    else if (first.text.normalize('NFC') !== sample.text.normalize('NFC') && !found.has(sample.image)) {
      found.set(sample.image, [first, sample]);
    }
  }
  return [...found.values()];
}

function twoTexts(one: Sample, other: Sample, file: string): OcrpipeError {
  const [a, b] = [one, other].map(({ text, line }) =>
    line === undefined ? `'${text}'` : `'${text}' (line ${line})`,
  );
  return userError('image-two-texts', `${other.name} has two labels: ${a ?? ''} and ${b ?? ''}`, {
    location: placeOf(other, file),
    hint: 'Keep the right one.',
  });
}

function notUnicode({ name, text, line }: Sample, file: string): OcrpipeError {
  const shown = JSON.stringify(text);
  return userError('label-not-unicode', `the label ${shown} of ${name} has half of a surrogate pair`, {
    location: placeOf({ line }, file),
    hint: 'Write the whole character.',
  });
}
