import { OcrpipeError, userError } from '../../base/errors.js';

const ABOUT_THE_IMAGE: ReadonlySet<string> = new Set(['image-unreadable', 'image-too-wide']);
/** At most this many files are named in one message. */
const NAMED = 20;

/** One error for all images that could not be read, in their order: each with its reason, and how many more there are. */
export function unreadableImages(broken: readonly OcrpipeError[], total: number): OcrpipeError {
  const [first] = broken;
  if (first !== undefined && broken.length === 1) return first;
  const more = broken.length - NAMED;
  const lines = broken.slice(0, NAMED).map(({ message }) => `\n  ${message}`);
  return userError(
    'images-unreadable',
    `${broken.length} of ${total} images cannot be read:${lines.join('')}${more > 0 ? `\n  and ${more} more` : ''}`,
    { hint: 'Replace these files, or leave them out.' },
  );
}

/** True for what `loadImage` throws about the image itself. */
export function isUnreadable(error: unknown): error is OcrpipeError {
  return error instanceof OcrpipeError && ABOUT_THE_IMAGE.has(error.code);
}
