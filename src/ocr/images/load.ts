import { OcrpipeError, userError } from '../../base/errors.js';
import { headerSize } from './header-size.js';
import { readImageFile } from './read-image-file.js';
import { sharp } from './sharp.js';
import { imageUnreadable } from './unreadable.js';

/** Pixels of one image: [heightPx, widthPx, channels] row-major, 0 black to 255 white, sRGB. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly heightPx: number;
  readonly widthPx: number;
  readonly channels: 1 | 3;
}

/**
 * How an image becomes the size a model wants.
 * - `pad`: scaled to the height, proportions always kept. With `widthPx`: white on the right up to it; an image too
 *   wide for it is made smaller and gets white below as well.
 * - `stretch`: scaled to exactly height x width, proportions given up. Needs `widthPx`.
 * - `pad-then-squeeze`: as `pad` while it fits, squeezed to the width when it does not. Needs `widthPx`.
 */
export type FitMode = 'pad' | 'stretch' | 'pad-then-squeeze';

/** How large an image is once it is turned as it says. */
export interface UprightSize {
  heightPx: number;
  widthPx: number;
}

export interface LoadOptions {
  /** 1 grey, 3 RGB. */
  channels: 1 | 3;
  /** Without it the image keeps its own size. */
  fit?: { mode: FitMode; heightPx: number; widthPx?: number };
  /** An image that becomes wider than this by `fit` is refused before it is scaled: `image-too-wide`. */
  widestPx?: number;
}

/** All images at one height, and of one width or as wide as they are. */
export type FittedOptions = LoadOptions & { fit: NonNullable<LoadOptions['fit']> };

/**
 * Decodes any image that sharp knows (decided by content, not by name), turned as its EXIF says, transparency on
 * white, CMYK and 16 bit brought to 8-bit sRGB; of several pages the first. The same file and options give the same
 * pixels on the same version of sharp. Throws `image-unreadable` and `image-too-wide` (exit code 2), calling the file
 * `name`.
 */
export async function loadImage(file: string, options: LoadOptions, name = file): Promise<Pixels> {
  return decodeImage(await readImageFile(file, name), options, name);
}

/** {@link loadImage} for bytes at hand; `name` is what errors call them. */
export async function decodeImage(bytes: Uint8Array, options: LoadOptions, name: string): Promise<Pixels> {
  return (await decodeWithSize(bytes, options, name)).image;
}

/** {@link decodeImage}, and the size that the image has before it is fitted. */
export async function decodeWithSize(
  bytes: Uint8Array,
  options: LoadOptions,
  name: string,
): Promise<{ image: Pixels; upright: UprightSize }> {
  if (bytes.length === 0) throw imageUnreadable(name, 'the file is empty');
  try {
    const upright = await uprightSize(bytes);
    const straight = sharp(bytes).autoOrient().flatten({ background: 'white' });
    const coloured = straight.toColourspace(options.channels === 1 ? 'b-w' : 'srgb');
    const sized = resized(coloured, { upright, options, name });
    const { data, info } = await sized.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { image: withWhite(inChannels(data, info, options.channels), options.fit), upright };
  } catch (error) {
    if (error instanceof OcrpipeError) throw error;
    throw imageUnreadable(name, error instanceof Error ? firstLine(error.message) : String(error), error);
  }
}

type Pipeline = ReturnType<typeof sharp>;

function resized(
  image: Pipeline,
  { upright, options, name }: { upright: UprightSize; options: LoadOptions; name: string },
): Pipeline {
  const { fit } = options;
  if (!fit) return image;
  const { widthPx, heightPx } = refusedIfTooWide(upright, { ...options, fit }, name);
  return image.resize({ width: widthPx, height: heightPx, fit: 'fill' });
}

/** The width of the pixels that `decodeImage` gives for an image of this size; throws `image-too-wide` as that does. */
export function fittedWidthPx(upright: UprightSize, options: FittedOptions, name: string): number {
  const { widthPx } = refusedIfTooWide(upright, options, name);
  return options.fit.widthPx ?? widthPx;
}

function refusedIfTooWide(
  upright: UprightSize,
  { fit, widestPx = Infinity }: FittedOptions,
  name: string,
): UprightSize {
  const target = targetSize(upright, fit);
  if (target.widthPx > widestPx) throw imageTooWide(name, target, widestPx);
  return target;
}

/** The size of the image itself inside its frame, before any white is added. */
function targetSize(
  size: { heightPx: number; widthPx: number },
  fit: NonNullable<LoadOptions['fit']>,
): { heightPx: number; widthPx: number } {
  const { mode, heightPx, widthPx } = fit;
  if (widthPx !== undefined && mode === 'stretch') return { heightPx, widthPx };
  const inProportion = Math.max(1, Math.round((size.widthPx * heightPx) / size.heightPx));
  if (widthPx === undefined || inProportion <= widthPx) return { heightPx, widthPx: inProportion };
  if (mode === 'pad-then-squeeze') return { heightPx, widthPx };
  return { heightPx: Math.max(1, Math.round((size.heightPx * widthPx) / size.widthPx)), widthPx };
}

/** sharp gives grey images one or three channels depending on their source: this makes it the number asked for. */
function inChannels(
  data: Uint8Array,
  info: { width: number; height: number; channels: number },
  channels: 1 | 3,
): Pixels {
  const size = { heightPx: info.height, widthPx: info.width, channels };
  if (info.channels === channels) return { data, ...size };
  const count = info.width * info.height;
  const out = new Uint8Array(count * channels);
  for (let i = 0; i < count; i += 1) {
    for (let c = 0; c < channels; c += 1) {
      out[i * channels + c] = data[i * info.channels + Math.min(c, info.channels - 1)]!;
    }
  }
  return { data: out, ...size };
}

function withWhite(image: Pixels, fit: LoadOptions['fit']): Pixels {
  if (!fit) return image;
  return padWhite(image, { heightPx: fit.heightPx, widthPx: fit.widthPx ?? image.widthPx });
}

/** The image in the upper left corner of a white one of the given size, which is at least as large. */
export function padWhite(image: Pixels, size: { heightPx: number; widthPx: number }): Pixels {
  if (image.heightPx === size.heightPx && image.widthPx === size.widthPx) return image;
  const data = new Uint8Array(size.heightPx * size.widthPx * image.channels).fill(255);
  const row = image.widthPx * image.channels;
  for (let y = 0; y < image.heightPx; y += 1) {
    data.set(image.data.subarray(y * row, (y + 1) * row), y * size.widthPx * image.channels);
  }
  return { data, heightPx: size.heightPx, widthPx: size.widthPx, channels: image.channels };
}

/** Reads only the header: the upright size, or `image-unreadable`. Cheap enough to check every image of a data set. */
export async function imageSize(file: string): Promise<UprightSize> {
  try {
    return await askedSize(file);
  } catch (error) {
    throw imageUnreadable(file, error instanceof Error ? firstLine(error.message) : String(error), error);
  }
}

/** How large an image is once it is turned as it says. Throws what the library says of one that it cannot read. */
async function uprightSize(bytes: Uint8Array): Promise<UprightSize> {
  return headerSize(bytes) ?? (await askedSize(bytes));
}

async function askedSize(image: string | Uint8Array): Promise<UprightSize> {
  const { autoOrient } = await sharp(image).metadata();
  return { heightPx: autoOrient.height, widthPx: autoOrient.width };
}

/** An image that is wider, at the model's height, than there is memory for. */
export function imageTooWide(
  name: string,
  { heightPx, widthPx }: { heightPx: number; widthPx: number },
  widestPx: number,
): OcrpipeError {
  return userError(
    'image-too-wide',
    `${name} is ${widthPx} pixels wide at the model's height of ${heightPx}; memory holds ${widestPx} at once`,
    {
      location: { file: name },
      hint: "Cut the image into shorter lines, leave it out, or use a model with a smaller 'model.height' or 'model.filters'.",
    },
  );
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
