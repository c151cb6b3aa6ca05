import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { OutputKind } from '../../base/outputs.js';
import type { SampleTable } from './sample-table.js';

/** One line of the file of samples: what a validation read in one image. The same images in each validation. */
export const sampleReadingSchema = z.object({
  step: z.int(),
  image: z.string(),
  expected: z.string(),
  read: z.string(),
});

export type SampleReading = z.infer<typeof sampleReadingSchema>;

/** Images that are shown of each validation. */
const SHOWN = 5;

/** What a file of samples replaces: an earlier one. */
export const samplesKind: OutputKind = { what: 'samples', owns: isSamples };

function isSamples(head: string): boolean {
  const [first = '', ...rest] = head.split('\n');
  if (rest.length === 0) return false;
  try {
    return sampleReadingSchema.strict().safeParse(JSON.parse(first)).success;
  } catch {
    return false;
  }
}

/** The readings of some validation images, spread evenly over all. */
export function sampleReadings(
  step: number,
  samples: SampleTable,
  texts: readonly string[],
): SampleReading[] {
  const count = Math.min(SHOWN, samples.length);
  return Array.from({ length: count }, (_, place) => {
    const index = Math.floor((place * samples.length) / count);
    const { name, text } = samples.get(index);
    return { step, image: name, expected: text, read: texts[index]! };
  });
}

/** A JSON-lines file that grows while training runs; it begins with what an earlier part of the same training wrote. */
export function openSamples(
  file: string | undefined,
  earlier: readonly SampleReading[],
): (readings: readonly SampleReading[]) => void {
  if (file === undefined) return () => undefined;
  const lines = (readings: readonly SampleReading[]): string =>
    readings.map((reading) => `${JSON.stringify(reading)}\n`).join('');
  writeFileAtomic(file, lines(earlier));
  return (readings) => {
    appendFileSync(file, lines(readings));
  };
}
