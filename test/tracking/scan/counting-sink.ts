import type { HashedBlob } from '../../../src/store/store-writer.js';
import { hashingSink, type Hashing, type ScanSink } from '../../../src/tracking/scan/sinks.js';

/** A sink that notes the text of every small file that is read into it. */
export function countingSink(hashing: Hashing = {}): { sink: ScanSink; read: string[] } {
  const read: string[] = [];
  const plain = hashingSink(hashing);
  const sink = {
    ...plain,
    small: (bytes: Buffer) => {
      read.push(bytes.toString());
      return plain.small(bytes);
    },
    hashed: (files: readonly HashedBlob[], bytes: Uint8Array) => {
      let at = 0;
      for (const { size } of files) read.push(Buffer.from(bytes.subarray(at, (at += size))).toString());
    },
  };
  return { sink, read };
}
