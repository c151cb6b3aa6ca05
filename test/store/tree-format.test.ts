import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import { OcrpipeError } from '../../src/base/errors.js';
import { byteName, type ByteName } from '../../src/store/byte-name.js';
import {
  decodeNode,
  encodeEntry,
  encodeNodeHeader,
  entryLength,
  MAX_NODE_BYTES,
  NODE_HEADER_BYTES,
  type InnerEntry,
  type TreeEntry,
} from '../../src/store/tree-format.js';
import { buildTree, sortedEntries } from '../../src/store/tree-builder.js';
import { anyEntries, fileEntry } from './entries.js';
import fc, { runs } from '../rig/fast-check.js';

/** A node with exactly these entries, whatever they are: what a hostile store may hold. */
function rawNode(entries: readonly (TreeEntry | InnerEntry)[], level = 0, count = entries.length): Buffer {
  const length = entries.reduce((sum, entry) => sum + entryLength(entry), NODE_HEADER_BYTES);
  const node = Buffer.alloc(length);
  encodeNodeHeader(node, level, count);
  entries.reduce((offset, entry) => encodeEntry(node, offset, entry), NODE_HEADER_BYTES);
  return node;
}

function refusal(node: Buffer): string {
  try {
    decodeNode(node, 'node');
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'tree-invalid') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('decodeNode', () => {
  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        const ordered = sortedEntries(entries);
        expect(decodeNode(rawNode(ordered), 'node')).toEqual({ level: 0, entries: ordered });
      }),
    );
  });

  it('gives back inner nodes, and sizes up to 2^53 - 1', () => {
    const children = [
      { last: byteName('k'), files: 1, bytes: Number.MAX_SAFE_INTEGER, id: contentIdOf('1') },
      { last: byteName('z'), files: 2 ** 40, bytes: 0, id: contentIdOf('2') },
    ];
    expect(decodeNode(rawNode(children, 3), 'node')).toEqual({ level: 3, children });
  });

  it.each(['', '.', '..', '.git', '.GiT', '.ocrstore', 'a/b', 'a\0'])(
    'refuses the name %j by name',
    (name) => {
      const message = refusal(rawNode([{ ...fileEntry('x'), name: name as ByteName }]));
      expect(message).toContain(JSON.stringify(name));
      expect(
        refusal(rawNode([{ last: name as ByteName, files: 0, bytes: 0, id: contentIdOf('') }], 1)),
      ).toContain(JSON.stringify(name));
    },
  );

  it('refuses names of more than 1,023 bytes', () => {
    expect(refusal(rawNode([fileEntry('x'.repeat(1023))]))).toBe('accepted');
    expect(refusal(rawNode([{ ...fileEntry('x'), name: 'x'.repeat(1024) as ByteName }]))).toContain(
      '1023 bytes',
    );
  });

  it('refuses names that are unsorted or there twice', () => {
    expect(refusal(rawNode([fileEntry('b'), fileEntry('a')]))).toContain('out of order');
    expect(refusal(rawNode([fileEntry('a'), fileEntry('a')]))).toContain('out of order');
    expect(refusal(rawNode([fileEntry('\xe9'), fileEntry('z')]))).toContain('out of order');
  });

  it('refuses counts, levels and lengths that lie', () => {
    const node = rawNode([fileEntry('a')]);
    expect(refusal(rawNode([fileEntry('a')], 0, 2))).toContain('ends inside');
    expect(refusal(rawNode([fileEntry('a')], 0, 0))).toContain('behind its last entry');
    expect(refusal(rawNode([fileEntry('a')], 0, 0xffff_ffff))).toContain('4294967295 entries');
    expect(refusal(rawNode([], 1))).toContain('empty');
    expect(refusal(rawNode([], 64))).toContain('level 64');
    expect(refusal(Buffer.concat([node, Buffer.from([0])]))).toContain('behind its last entry');
    expect(refusal(Buffer.alloc(MAX_NODE_BYTES + 1))).toContain('bytes long');
    const longName = Buffer.from(node);
    longName.writeUInt16LE(0xffff, NODE_HEADER_BYTES);
    expect(refusal(longName)).toContain('ends inside');
    const hugeSize = Buffer.from(node);
    hugeSize.writeBigUInt64LE(2n ** 53n, NODE_HEADER_BYTES + 4);
    expect(refusal(hugeSize)).toContain('9007199254740992');
  });

  it('refuses unknown versions, kinds of entry and reserved bytes, never guessing', () => {
    const node = rawNode([fileEntry('a')]);
    const withByte = (offset: number, value: number): Buffer => {
      const copy = Buffer.from(node);
      copy[offset] = value;
      return copy;
    };
    expect(refusal(withByte(4, 2))).toContain('version 2');
    expect(refusal(withByte(6, 1))).toContain('reserved');
    expect(refusal(withByte(NODE_HEADER_BYTES + 3, 4))).toContain('unknown kind 4');
    expect(refusal(withByte(0, 0))).toContain("'OCRT'");
  });

  it('gives exactly the encoded entries or an error for any bytes', () => {
    fc.assert(
      fc.property(anyEntries, fc.nat(), fc.nat({ max: 255 }), (entries, at, value) => {
        const node = rawNode(sortedEntries(entries));
        node[at % node.length] = value;
        if (refusal(node) !== 'accepted') return;
        const decoded = decodeNode(node, 'node');
        const again =
          'children' in decoded ? rawNode(decoded.children, decoded.level) : rawNode(decoded.entries);
        expect(again.equals(node)).toBe(true);
      }),
      { numRuns: runs(500) },
    );
  });

  it('refuses every truncation of a node, and flipped bits always change its id', () => {
    const nodes: Buffer[] = [];
    const keep = (node: Buffer): ReturnType<typeof contentIdOf> => {
      nodes.push(Buffer.from(node));
      return contentIdOf(node);
    };
    const { id } = buildTree([fileEntry('a'), fileEntry('b', 'other')], keep);
    const [node] = nodes;
    for (let length = 0; length < node!.length; length += 1) {
      expect(refusal(node!.subarray(0, length))).not.toBe('accepted');
    }
    for (let bit = 0; bit < node!.length * 8; bit += 1) {
      const flipped = Buffer.from(node!);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(contentIdOf(flipped)).not.toBe(id);
    }
  });
});
