import { OcrpipeError, problemsOf, userError } from '../../base/errors.js';

const ABOUT_THE_IMAGE: ReadonlySet<string> = new Set(['image-unreadable', 'image-too-wide']);
/** At most this many files are named in one message. */
const NAMED = 20;

/** One error for all images that could not be read, in their order: each with its reason, and how many more there are. */
export function unreadableImages(
  broken: readonly OcrpipeError[],
  total: number,
  hint = 'Replace these files, or leave them out.',
): OcrpipeError {
  const [first] = broken;
  if (first !== undefined && broken.length === 1) return first;
  const more = broken.length - NAMED;
  const lines = broken.slice(0, NAMED).map(({ message }) => `\n  ${message}`);
  return userError(
    'images-unreadable',
    `${broken.length} of ${total} images cannot be read:${lines.join('')}${more > 0 ? `\n  and ${more} more ('--json' has them all)` : ''}`,
    { hint, problems: problemsOf(broken) },
  );
}

/** True for what `loadImage` throws about the image itself. */
export function isUnreadable(error: unknown): error is OcrpipeError {
  return error instanceof OcrpipeError && ABOUT_THE_IMAGE.has(error.code);
}

/** A file that is no image, or a damaged one. */
export function imageUnreadable(file: string, reason: string, cause?: unknown): OcrpipeError {
  return userError('image-unreadable', `${file} cannot be read as an image: ${reason}`, {
    location: { file },
    hint: 'Replace the file with a whole image, or leave it out.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** An image that has another width, at the model's height, than when it was checked. */
export function imageChanged(file: string, before: number, now: number): OcrpipeError {
  return userError(
    'image-changed',
    `${file} was changed while training ran: it was ${before} pixels wide at the model's height, and is ${now}`,
    { location: { file }, hint: 'Give the command again: it begins with the images as they are now.' },
  );
}
