import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentIdOf, type ContentId } from '../../src/base/content-id.js';
import { OcrpipeError } from '../../src/base/errors.js';
import type { ObjectKind } from '../../src/store/format.js';
import { PACK_ENTRY_BYTES, packIdOf, PackTable } from '../../src/store/pack-format.js';
import { PackReader } from '../../src/store/pack-reader.js';
import { PackWriter, type SealedPack } from '../../src/store/pack-writer.js';
import { verifyPackFile } from '../../src/store/verify-pack.js';
import fc, { runs } from '../rig/fast-check.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

interface GoldenPack {
  id: string;
  file: string;
}
const golden = JSON.parse(readFileSync(new URL('../golden/store-format.json', import.meta.url), 'utf8')) as {
  empty: string;
  mixed: { node: string };
} & Record<'pack' | 'saltedPack' | 'emptyPack', GoldenPack>;

type Content = readonly [ObjectKind, Buffer];
const goldenContent: readonly Content[] = [
  ['blob', Buffer.from('hello\n')],
  ['blob', Buffer.alloc(0)],
  ['tree', Buffer.from(golden.mixed.node, 'hex')],
  ['tree', Buffer.from(golden.empty, 'hex')],
  ['listing', Buffer.from(golden.empty, 'hex')],
];

function writePack(folder: string, content: readonly Content[], salt?: Uint8Array): SealedPack {
  const writer = new PackWriter(folder, salt);
  for (const [kind, bytes] of content) writer.add(kind, contentIdOf(bytes), bytes);
  return writer.seal();
}

/** Enough for every part of a pack, and few enough bits to flip each. */
const smallContent = [goldenContent[0]!, goldenContent[4]!];

/** Reads everything that a pack file holds, or the code of the refusal. */
function readAll(file: string, id: ContentId): string | Buffer[] {
  try {
    const reader = PackReader.open(file, { id });
    try {
      const bytes = [...reader.table.entries()].map((entry) => reader.readObject(entry));
      return bytes.every((object) => object !== undefined) ? bytes : 'object-damaged';
    } finally {
      reader.close();
    }
  } catch (error) {
    if (error instanceof OcrpipeError) return error.code;
    throw error;
  }
}

/** What checking a whole pack file says of it. */
function verdict(file: string, id: ContentId): string {
  try {
    verifyPackFile(file, id);
    return 'sound';
  } catch (error) {
    if (error instanceof OcrpipeError) return error.code;
    throw error;
  }
}

describe('packs', () => {
  it('are the bytes that another implementation writes, salted or not', () => {
    const folder = temporaryFolder();
    const salt = Uint8Array.from({ length: 16 }, (_, index) => index);
    const packs: [SealedPack, GoldenPack][] = [
      [writePack(folder, goldenContent), golden.pack],
      [writePack(folder, goldenContent, salt), golden.saltedPack],
      [writePack(folder, []), golden.emptyPack],
    ];
    for (const [{ id, file }, expected] of packs) {
      expect(id).toBe(expected.id);
      expect(readFileSync(file).toString('hex')).toBe(expected.file);
    }
  });

  it('give every object back, whatever the objects', () => {
    const folder = temporaryFolder();
    const anyContent = fc.tuple(
      fc.constantFrom<ObjectKind>('blob', 'tree', 'run', 'listing'),
      fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(fc.array(anyContent, { maxLength: 30 }), (content) => {
        const { id, file, table } = writePack(folder, content);
        expect(readAll(file, id)).toEqual(content.map(([, bytes]) => bytes));
        expect([...table.entries()].map(({ kind }) => kind)).toEqual(content.map(([kind]) => kind));
        expect(statSync(file).size).toBe(table.size);
        expect(verifyPackFile(file, id).packId).toBe(writePack(folder, content).id);
      }),
      { numRuns: runs(40) },
    );
  });

  it('hold objects larger than the slab that they are written through', () => {
    const folder = temporaryFolder();
    const content = [10, 2 * 1024 * 1024, 600 * 1024, 1, 600 * 1024].map((length, index): Content => [
      'blob',
      Buffer.alloc(length, index),
    ]);
    const { id, file } = writePack(folder, content);
    const read = readAll(file, id);
    if (typeof read === 'string') throw new Error(read);
    expect(read.map((bytes) => contentIdOf(bytes))).toEqual(content.map(([, bytes]) => contentIdOf(bytes)));
    expect(verifyPackFile(file, id).count).toBe(5);
  });

  it('are read-only, and leave nothing behind when they are given up', () => {
    const folder = join(temporaryFolder(), 'tmp');
    mkdirSync(folder);
    expect(statSync(writePack(folder, goldenContent).file).mode & 0o777).toBe(0o444);
    const writer = new PackWriter(folder);
    writer.add('blob', contentIdOf('x'), Buffer.from('x'));
    writer.abort();
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('are full at 64 MiB of data or 65,536 objects', () => {
    const folder = temporaryFolder();
    const byBytes = new PackWriter(folder);
    const mebibyte = Buffer.alloc(1024 * 1024);
    const id = contentIdOf(mebibyte);
    for (let count = 0; count < 64; count += 1) {
      expect(byBytes.fits(mebibyte.length)).toBe(true);
      byBytes.add('blob', id, mebibyte);
    }
    expect(byBytes.fits(1)).toBe(false);
    byBytes.abort();
    const byCount = new PackWriter(folder);
    for (let count = 0; count < 65_536; count += 1) byCount.add('blob', id, Buffer.alloc(0));
    expect(byCount.fits(0)).toBe(false);
    expect(byCount.seal().table.count).toBe(65_536);
  });

  it('refuse every flipped bit and every truncation, and never give wrong bytes', () => {
    const folder = temporaryFolder();
    const { id, file } = writePack(folder, smallContent);
    const sound = readFileSync(file);
    const damaged = join(folder, 'damaged');
    const outcomes = new Set<string | Buffer[]>();
    const tryBytes = (bytes: Buffer): void => {
      writeFileSync(damaged, bytes);
      outcomes.add(readAll(damaged, id)).add(verdict(damaged, id));
    };
    for (let bit = 0; bit < sound.length * 8; bit += 1) {
      const bytes = Buffer.from(sound);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      tryBytes(bytes);
    }
    for (let length = 0; length < sound.length; length += 1) tryBytes(sound.subarray(0, length));
    tryBytes(Buffer.concat([sound, Buffer.from([0])]));
    expect([...outcomes].sort()).toEqual(['object-damaged', 'pack-damaged']);
    expect(verdict(file, id)).toBe('sound');
  });

  it('are refused if they lie, though their name fits, without allocating what they claim', () => {
    const folder = temporaryFolder();
    const header = readFileSync(writePack(folder, []).file).subarray(0, 32);
    const table = (kind: number, codec: number, length: number): Buffer => {
      const entry = Buffer.alloc(PACK_ENTRY_BYTES);
      entry[32] = kind;
      entry[33] = codec;
      entry.writeUIntLE(length, 34, 6);
      return entry;
    };
    const trailer = (count: number, data: bigint): Buffer => {
      const bytes = Buffer.alloc(16);
      bytes.writeUInt32LE(count, 0);
      bytes.writeBigUInt64LE(data, 4);
      bytes.write('OCRE', 12);
      return bytes;
    };
    const hostile: [Buffer, Buffer, Buffer][] = [
      [Buffer.alloc(3), table(4, 0, 3), trailer(1, 3n)],
      [Buffer.alloc(3), table(0, 1, 3), trailer(1, 3n)],
      [Buffer.alloc(3), table(0, 0, 2), trailer(1, 3n)],
      [Buffer.alloc(3), table(0, 0, 2 ** 48 - 1), trailer(1, 3n)],
      [Buffer.alloc(0), table(0, 0, 0), trailer(0xffff_ffff, 0n)],
      [Buffer.alloc(0), table(0, 0, 0), trailer(65_537, 0n)],
      [Buffer.alloc(0), table(0, 0, 0), trailer(1, 2n ** 64n - 40n)],
      [Buffer.alloc(0), table(0, 0, 0), trailer(0, 40n - 2n ** 60n + 2n ** 64n)],
    ];
    for (const [data, entries, end] of hostile) {
      const file = join(folder, 'hostile');
      writeFileSync(file, Buffer.concat([header, data, entries, end]));
      expect(readAll(file, packIdOf(header, entries, end))).toBe('pack-damaged');
    }
    expect(() => PackTable.decode(Buffer.alloc(39), contentIdOf(''))).toThrow(OcrpipeError);
  });

  it('give ranges for sending, within the file only', () => {
    const { file } = writePack(temporaryFolder(), goldenContent);
    const reader = PackReader.open(file);
    expect(reader.readRange(32, 6).toString()).toBe('hello\n');
    expect(() => reader.readRange(reader.table.size - 1, 2)).toThrow(
      expect.objectContaining({ code: 'pack-damaged' }),
    );
    reader.close();
  });
});
