import type { ImageLoader } from '../../loading/image-loader.js';
import { sharp } from '../../images/sharp.js';
import { scoreLine } from '../../text/metrics.js';
import type { CheckedSample, SampleTable } from '../sample-table.js';
import type { Picture } from './events.js';

/** Lines of a validation that are shown. */
export const MOST_WORST = 8;

/** A line that was read badly. */
export interface WorstLine {
  image: string;
  expected: string;
  read: string;
  /** Edits a character. */
  cer: number;
  picture: Picture;
}

/** The lines with most edits a character, the worst first, as the model sees them. Lines without errors are not among them. */
export async function worstLines(
  samples: SampleTable,
  texts: readonly string[],
  loader: ImageLoader,
): Promise<WorstLine[]> {
  const scored = texts.map((read, index) => {
    const { edits, length } = scoreLine(samples.get(index).text, read);
    return { index, cer: edits / length };
  });
  const worst = scored
    .filter(({ cer }) => cer > 0)
    .sort((a, b) => b.cer - a.cer)
    .slice(0, MOST_WORST);
  return Promise.all(
    worst.map(async ({ index, cer }) => {
      const sample = samples.get(index);
      const picture = await pictureOf(sample, loader);
      return { image: sample.name, expected: sample.text, read: texts[index]!, cer, picture };
    }),
  );
}

async function pictureOf({ image }: CheckedSample, loader: ImageLoader): Promise<Picture> {
  const { data, heightPx, widthPx, channels } = await loader.load(image);
  // Memory that threads share is nothing that sharp takes.
  const raw = { width: widthPx, height: heightPx, channels };
  const png = await sharp(Uint8Array.from(data), { raw }).png().toBuffer();
  return { heightPx, widthPx, channels, png };
}
