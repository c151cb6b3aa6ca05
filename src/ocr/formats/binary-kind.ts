import { isImageHead } from './walk.js';

/** What a file that is no text holds, worded for "… is …", and what to give instead. */
export interface BinaryKind {
  readonly what: string;
  readonly hint: string;
}

const FILES_AND_LABELS =
  'Write its images to files and their labels to labels.json, {"image.png": "text", …}.';

/** What bytes that are no UTF-8 are by their beginning; undefined for what may be text in another encoding. */
export function binaryKind(bytes: Buffer): BinaryKind | undefined {
  const head = bytes.toString('latin1', 0, 4);
  if (isImageHead(bytes)) {
    return { what: 'an image, not labels', hint: 'Name the folder of the images, or their label file.' };
  }
  if (head.startsWith('PK') || head.startsWith('\x1f\x8b')) {
    return { what: 'an archive', hint: 'Unpack it and name what is in it.' };
  }
  if (head === 'PAR1') return { what: 'a Parquet file', hint: FILES_AND_LABELS };
  if (isTfRecord(bytes)) return { what: 'a TFRecord file', hint: FILES_AND_LABELS };
  const isUtf16 = head.startsWith('\xff\xfe') || head.startsWith('\xfe\xff');
  if (!isUtf16 && bytes.subarray(0, LOOKED_AT).some(isControl))
    return { what: 'a binary file, no labels', hint: FILES_AND_LABELS };
  return undefined;
}

/** How much of a file is looked at for what no text has. */
const LOOKED_AT = 64 * 1024;

/** A control character that no text has in any encoding of bytes: not white space, escape, or the end that DOS wrote. */
function isControl(byte: number): boolean {
  return byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte !== 0x1a && byte !== 0x1b);
}

/** Length (64 bits) and its checksum, the bytes, and their checksum: records that fill the file to its end, or some of it. */
function isTfRecord(bytes: Buffer): boolean {
  const frame = 16;
  let at = 0;
  for (let records = 0; records < 4 && at < bytes.length; records += 1) {
    if (at + frame > bytes.length) return false;
    const length = bytes.readBigUInt64LE(at);
    if (length === 0n || length > BigInt(bytes.length - at - frame)) return false;
    at += frame + Number(length);
  }
  return true;
}
