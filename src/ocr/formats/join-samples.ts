import { userError } from '../../base/errors.js';
import { placeOf } from './place-of.js';
import type { Sample } from './sample.js';

/** The samples of one source, as it was named. */
export interface NamedSamples {
  source: string;
  samples: readonly Sample[];
}

/**
 * The samples of all sources, one after the other; an image that several have with the same text counts once. Throws `image-two-texts`
 * (exit code 2) where they differ on an image.
 */
export function joinSamples(sets: readonly NamedSamples[]): Sample[] {
  const joined: Sample[] = [];
  const known = new Map<string, { text: string; source: string }>();
  for (const { source, samples } of sets) {
    for (const sample of samples) {
      const text = sample.text.normalize('NFC');
      const other = known.get(sample.image);
      // What one source says twice of an image was looked at when it was read.
      if (other !== undefined && other.source !== source) {
        if (other.text !== text) throw differing(sample, source, other);
        continue;
      }
      known.set(sample.image, { text, source });
      joined.push(sample);
    }
  }
  return joined;
}

function differing(sample: Sample, source: string, other: { text: string; source: string }): Error {
  const { name, text } = sample;
  return userError(
    'image-two-texts',
    `${name} has two labels: '${other.text}' in ${other.source}, and '${text}'`,
    {
      location: placeOf(sample, source),
      hint: 'Keep the right one.',
    },
  );
}
