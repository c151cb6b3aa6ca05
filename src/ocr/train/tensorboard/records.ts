import { crc32c } from '../../../base/crc32c.js';

/**
 * Records as TensorFlow writes them (TFRecord): the length as 64 bits, little endian, its masked CRC-32C, the bytes, and their
 * masked CRC-32C.
 */
const LENGTH_BYTES = 8;
const CRC_BYTES = 4;
const HEAD_BYTES = LENGTH_BYTES + CRC_BYTES;

/** The bytes as one record. */
export function framed(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeBigUInt64LE(BigInt(bytes.length));
  head.writeUInt32LE(masked(head.subarray(0, LENGTH_BYTES)), LENGTH_BYTES);
  const tail = Buffer.alloc(CRC_BYTES);
  tail.writeUInt32LE(masked(bytes));
  return Buffer.concat([head, bytes, tail]);
}

/** What the records of a file hold, up to the first that is damaged or not whole: whoever wrote it may have been killed. */
export function* recordsOf(file: Buffer): Generator<Buffer> {
  for (let at = 0; at + HEAD_BYTES <= file.length;) {
    if (file.readUInt32LE(at + LENGTH_BYTES) !== masked(file.subarray(at, at + LENGTH_BYTES))) return;
    const start = at + HEAD_BYTES;
    const end = start + Number(file.readBigUInt64LE(at));
    if (end + CRC_BYTES > file.length) return;
    const bytes = file.subarray(start, end);
    if (file.readUInt32LE(end) !== masked(bytes)) return;
    yield bytes;
    at = end + CRC_BYTES;
  }
}

/** A CRC beside the bytes that it is of would make the CRC of both a constant: so it is turned and shifted. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
