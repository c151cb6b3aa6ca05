import { decodeImage, type LoadOptions, type Pixels } from '../images/load.js';
import { readImageFileNow } from '../images/read-image-file.js';
import { isUnreadable } from '../images/unreadable.js';
import { partsOf } from '../loading/error-parts.js';
import type { ErrorParts } from '../loading/loader-protocol.js';
import type { NamedImage } from './list-images.js';

/** Images to read and scale. */
export type ReadingRequest = readonly NamedImage[];

/** In the order of the request: the size of each image, or why it cannot be read. The pixels of all stand one after the other. */
export interface ReadingAnswer {
  images: (Omit<Pixels, 'data'> | ErrorParts)[];
  pixels: ArrayBuffer;
}

/** The work of a thread that reads images, one after the other; `begin` is told before each. */
export async function answerReading(
  request: ReadingRequest,
  options: LoadOptions,
  begin: (item: number) => void,
): Promise<ReadingAnswer> {
  const images: ReadingAnswer['images'] = [];
  const pieces: Uint8Array[] = [];
  for (const [item, { file, name }] of request.entries()) {
    begin(item);
    try {
      const { data, ...size } = await decodeImage(readImageFileNow(file, name), options, name);
      images.push(size);
      pieces.push(data);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      images.push(partsOf(error));
    }
  }
  return { images, pixels: joined(pieces) };
}

function joined(pieces: readonly Uint8Array[]): ArrayBuffer {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all.buffer;
}
