import { contentIdOf } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { randomFrom } from '../../base/random.js';
import { augment } from '../images/augment.js';
import {
  decodeImage,
  decodeWithSize,
  fittedWidthPx,
  type FittedOptions,
  type LoadOptions,
  type Pixels,
} from '../images/load.js';
import { packImages } from '../images/pack-images.js';
import { readImageFileNow } from '../images/read-image-file.js';
import { isUnreadable, imageChanged } from '../images/unreadable.js';
import { stampOf, type StampedImage } from './known-images.js';
import { partsOf } from './error-parts.js';
import type {
  BatchAnswer,
  BatchRequest,
  CheckAnswer,
  CheckRequest,
  ErrorParts,
  ImageSource,
  LoadAnswer,
  LoaderAnswer,
  LoaderData,
  LoaderRequest,
} from './loader-protocol.js';

/** Told before work on an image begins: its place among all images of the request. */
type Begin = (item: number) => void;

/**
 * The work of a loader thread. Throws what reading an image throws, but for `check`, which goes on and gives the errors back. One image
 * after the other: several threads work side by side.
 */
export function answerRequest(request: LoaderRequest, data: LoaderData, begin: Begin): Promise<LoaderAnswer> {
  if (request.kind === 'check') return check(request, data.options, begin);
  return request.kind === 'batch' ? makeBatch(request, data, begin) : loadOne(request.source, data, begin);
}

async function check(
  { files, keep, known }: CheckRequest,
  options: FittedOptions,
  begin: Begin,
): Promise<CheckAnswer> {
  const images: CheckAnswer['images'] = [];
  const kept: Uint8Array[] = [];
  let offset = 0;
  for (const [item, file] of files.entries()) {
    begin(item);
    const stamp = known && stampOf(file, known.settledMs);
    const before = known?.before[item];
    if (before !== undefined && before.stamp === stamp) {
      images.push(knownSize(before, options, file));
      continue;
    }
    const found = await checkOne(file, options);
    if ('code' in found) {
      images.push(found);
      continue;
    }
    const { image, upright, id } = found;
    images.push({ widthPx: image.widthPx, upright, id, offset, stamp });
    if (keep) kept.push(image.data);
    offset += image.data.length;
  }
  return { kind: 'check', images, pixels: keep ? sharedBytes(kept, offset) : undefined };
}

function knownSize(known: StampedImage, options: FittedOptions, file: string): CheckAnswer['images'][number] {
  try {
    return { ...known, widthPx: fittedWidthPx(known.upright, options, file), offset: undefined };
  } catch (error) {
    return unreadableParts(error);
  }
}

async function checkOne(file: string, options: LoadOptions) {
  try {
    const bytes = readImageFileNow(file);
    return { ...(await decodeWithSize(bytes, options, file)), id: contentIdOf(bytes) };
  } catch (error) {
    return unreadableParts(error);
  }
}

/** Throws what says nothing about the image. */
function unreadableParts(error: unknown): ErrorParts {
  if (isUnreadable(error)) return partsOf(error);
  throw error;
}

function sharedBytes(pieces: readonly Uint8Array[], length: number): SharedArrayBuffer {
  const shared = new Uint8Array(new SharedArrayBuffer(length));
  let at = 0;
  for (const piece of pieces) {
    shared.set(piece, at);
    at += piece.length;
  }
  return shared.buffer;
}

async function makeBatch({ parts }: BatchRequest, data: LoaderData, begin: Begin): Promise<BatchAnswer> {
  const packed: BatchAnswer['parts'] = [];
  const items: BatchAnswer['decoded']['items'] = [];
  const kept: Uint8Array[] = [];
  let offset = 0;
  let item = 0;
  for (const { images, frame } of parts) {
    const varied: Pixels[] = [];
    for (const image of images) {
      begin(item);
      const pixels = await pixelsOf(image.source, data.options);
      if (image.source.keep) {
        items.push({ item, offset });
        kept.push(pixels.data);
        offset += pixels.data.length;
      }
      varied.push(augment(pixels, data.augment, randomFrom(data.seed, 'augment', ...image.streams)));
      item += 1;
    }
    packed.push(packImages(varied, frame));
  }
  return { kind: 'batch', parts: packed, decoded: { items, pixels: sharedBytes(kept, offset) } };
}

async function loadOne(source: ImageSource, { options }: LoaderData, begin: Begin): Promise<LoadAnswer> {
  begin(0);
  const { data } = await pixelsOf(source, options);
  return { kind: 'load', pixels: Uint8Array.from(data) };
}

/** The pixels of an image that was checked; throws `image-changed` for one of another size by now. */
async function pixelsOf(
  { file, heightPx, widthPx, kept }: ImageSource,
  options: LoadOptions,
): Promise<Pixels> {
  if (kept) {
    const bytes = heightPx * widthPx * options.channels;
    const data = new Uint8Array(kept.pixels, kept.offset, bytes);
    return { data, heightPx, widthPx, channels: options.channels };
  }
  const image = await decodeImage(readImageFileNow(file), options, file);
  if (image.widthPx !== widthPx) throw imageChanged(file, widthPx, image.widthPx);
  return image;
}

/** What can be handed over without a copy. */
export function transferable(answer: LoaderAnswer): ArrayBuffer[] {
  if (answer.kind === 'batch') return answer.parts.map(({ buffer }) => buffer);
  return answer.kind === 'load' ? [answer.pixels.buffer] : [];
}

/** An error as an answer, if it is one of ours; any other ends the thread. */
export function refusal(error: unknown): ErrorParts {
  if (error instanceof OcrpipeError) return partsOf(error);
  throw error;
}
