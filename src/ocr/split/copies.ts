import { readFile, stat } from 'node:fs/promises';
import { contentIdOf } from '../../base/content-id.js';
import { systemErrorCode } from '../../base/errors.js';
import { groupBy } from '../../base/group-by.js';
import { inParallel } from '../../base/in-parallel.js';
import type { Part } from './split.js';

/** Images looked at, at once. */
const AT_ONCE = 8;

interface PlacedImage {
  readonly image: string;
  readonly part: string;
}

/**
 * How many images have the very bytes of an image of another part. Only images of one size are read; one that is not there
 * counts for nothing, because a split opens none.
 */
export async function copiesAcrossParts(parts: readonly Part[], signal?: AbortSignal): Promise<number> {
  const placed = parts.flatMap(({ name, samples }) => samples.map(({ image }) => ({ image, part: name })));
  const images = [...new Map(placed.map((one) => [one.image, one])).values()];
  const alike = await acrossParts(images, sizeOf, signal);
  return (await acrossParts(alike, idOf, signal)).length;
}

/** The images that have the same mark as one of another part. */
async function acrossParts(
  images: readonly PlacedImage[],
  markOf: (image: string) => Promise<string | undefined>,
  signal?: AbortSignal,
): Promise<PlacedImage[]> {
  const marks = await inParallel(images, AT_ONCE, ({ image }) => markOf(image), signal);
  const marked = images.flatMap((one, index) => {
    const mark = marks[index];
    return mark === undefined ? [] : [{ ...one, mark }];
  });
  const groups = [...groupBy(marked, ({ mark }) => mark).values()];
  return groups.filter((group) => group.some(({ part }) => part !== group[0]!.part)).flat();
}

const sizeOf = (image: string): Promise<string | undefined> =>
  ifThere(async () => {
    const found = await stat(image);
    return found.isFile() ? String(found.size) : undefined;
  });

const idOf = (image: string): Promise<string | undefined> =>
  ifThere(async () => contentIdOf(await readFile(image)));

async function ifThere(look: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await look();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}
