/** Width and height of an image as it is stored. */
export interface StoredSize {
  heightPx: number;
  widthPx: number;
}

/**
 * The upright size of an ordinary PNG or JPEG, from the bytes of its header: a fifth of the time that a line image takes to be
 * decoded goes into asking a library for it. Undefined for whatever is not certain, such as a file of another
 * kind, a damaged one, or one that may say that it is to be turned (EXIF): ask the library for those.
 */
export function headerSize(bytes: Uint8Array): StoredSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (view.getUint16(0) === JPEG_START) return jpegSize(view);
    return view.getBigUint64(0) === PNG_START ? pngSize(view) : undefined;
  } catch (error) {
    // Read beyond the end: the header is not whole.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const PNG_START = 0x89504e470d0a1a0an;
/** Chunks that say nothing about how the image is turned, and that are not of an animation. */
const PLAIN_CHUNKS: ReadonlySet<string> = new Set([
  'IHDR',
  'PLTE',
  'IDAT',
  'IEND',
  'tRNS',
  'gAMA',
  'cHRM',
  'sRGB',
  'sBIT',
  'iCCP',
  'bKGD',
  'pHYs',
  'tIME',
]);

function pngSize(view: DataView): StoredSize | undefined {
  if (nameAt(view, 12) !== 'IHDR') return undefined;
  for (let at = 8; at < view.byteLength; at += 12 + view.getUint32(at))
    if (!PLAIN_CHUNKS.has(nameAt(view, at + 4))) return undefined;
  return sizeOf(view.getUint32(20), view.getUint32(16));
}

function nameAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((place) => view.getUint8(at + place)));
}

const JPEG_START = 0xffd8;
/** Baseline, extended and progressive frames. */
const FRAMES: ReadonlySet<number> = new Set([0xffc0, 0xffc1, 0xffc2]);
/** Tables, the restart interval, JFIF, profiles of colours, Adobe's mark, and comments: what may stand before the frame. */
const BEFORE_FRAME: ReadonlySet<number> = new Set([0xffdb, 0xffc4, 0xffdd, 0xffe0, 0xffe2, 0xffee, 0xfffe]);

function jpegSize(view: DataView): StoredSize | undefined {
  for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (FRAMES.has(marker)) return sizeOf(view.getUint16(at + 5), view.getUint16(at + 7));
    if (!BEFORE_FRAME.has(marker)) return undefined;
  }
}

/** Some JPEGs tell their height only behind the image. */
function sizeOf(heightPx: number, widthPx: number): StoredSize | undefined {
  return heightPx > 0 && widthPx > 0 ? { heightPx, widthPx } : undefined;
}
