import { describe, expect, it } from 'vitest';
import { contentIdFromBytes, contentIdOf } from '../../src/base/content-id.js';
import { OcrpipeError } from '../../src/base/errors.js';
import { byteName } from '../../src/store/byte-name.js';
import { NodeScan } from '../../src/store/node-scan.js';
import { sortedEntries, uncutEntry } from '../../src/store/tree-builder.js';
import { decodeNode, encodeNode, type TreeEntry, type TreeNode } from '../../src/store/tree-format.js';
import { totalsOfNode } from '../../src/store/tree-reader.js';
import { anyEntries, anyName } from './entries.js';
import fc, { runs } from '../rig/fast-check.js';

const anyTotals = { files: fc.nat(), bytes: fc.maxSafeNat() };
const anyDirectory = fc
  .record({ name: anyName, ...anyTotals })
  .map((entry): TreeEntry => ({ kind: 'directory', ...entry, id: contentIdOf(entry.name) }));
const anyLeaf = fc
  .tuple(anyEntries, fc.uniqueArray(anyDirectory, { selector: ({ name }) => name, maxLength: 8 }))
  .map(([entries, directories]): TreeNode => {
    const names = new Set(entries.map(({ name }) => name));
    const others = directories.filter(({ name }) => !names.has(name));
    return { level: 0, entries: sortedEntries([...entries, ...others]) };
  });
const anyInner = fc
  .record({
    level: fc.integer({ min: 1, max: 3 }),
    children: fc.uniqueArray(fc.record({ last: anyName, ...anyTotals }), {
      selector: ({ last }) => last,
      minLength: 1,
    }),
  })
  .map(({ level, children }): TreeNode => {
    const sorted = children.sort((a, b) => (a.last < b.last ? -1 : 1));
    return { level, children: sorted.map((child) => ({ ...child, id: contentIdOf(child.last) })) };
  });
const anyNode = fc.oneof(anyLeaf, anyInner);

function decoded(raw: Buffer): TreeNode | undefined {
  try {
    return decodeNode(raw, 'node');
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

/** What the scan says of a node, in the words of a decoded one. */
function told(scan: NodeScan, raw: Buffer): unknown {
  if (!scan.read(raw)) return undefined;
  const files: unknown[] = [];
  scan.everyFile((bytes, at, size) => files.push({ id: contentIdFromBytes(bytes, at), size }) > 0);
  const { level, files: all, bytes, last, isWhole } = scan;
  return { level, isWhole, totals: { files: all, bytes, last }, files, nodes: scan.nodes() };
}

function expected(node: TreeNode | undefined): unknown {
  if (node === undefined) return undefined;
  const entries = 'children' in node ? [] : node.entries;
  const files = entries.flatMap((entry) =>
    entry.kind === 'file' ? [{ id: entry.id, size: entry.size }] : [],
  );
  const directories = entries.flatMap((entry) => {
    return entry.kind === 'directory' ? [{ id: entry.id, files: entry.files, bytes: entry.bytes }] : [];
  });
  const nodes = 'children' in node ? node.children : directories;
  return {
    level: node.level,
    isWhole: uncutEntry(node) === undefined,
    totals: totalsOfNode(node),
    files,
    nodes,
  };
}

describe('a scan of a node', () => {
  it('tells of each node what decoding it does', () => {
    const scan = new NodeScan();
    fc.assert(
      fc.property(anyNode, (node) => {
        const raw = encodeNode(node);
        expect(told(scan, raw)).toEqual(expected(node));
      }),
    );
  });

  it('takes and refuses the same bytes, wherever one is another, missing or too many', () => {
    const scan = new NodeScan();
    const anyByte = fc.record({ at: fc.nat(), byte: fc.nat(255), take: fc.nat(2), add: fc.nat(1) });
    fc.assert(
      fc.property(anyNode, anyByte, (node, { at, byte, take, add }) => {
        const sound = encodeNode(node);
        const place = at % sound.length;
        const more = add === 1 ? [byte] : [];
        const raw = Buffer.concat([
          sound.subarray(0, place),
          Buffer.from(more),
          sound.subarray(place + take),
        ]);
        expect(told(scan, raw)).toEqual(expected(decoded(raw)));
      }),
      { numRuns: runs(500) },
    );
  });

  it('takes and refuses the same nodes, whichever bit is wrong and wherever they are cut off', () => {
    const scan = new NodeScan();
    const entries: TreeEntry[] = [
      { kind: 'file', name: byteName('.gitx'), executable: false, size: 5, id: contentIdOf('1') },
      { kind: 'directory', name: byteName('a'), files: 2, bytes: 7, id: contentIdOf('2') },
      { kind: 'symlink', name: byteName('a.'), target: '../b' },
      { kind: 'file', name: byteName('\xff'), executable: true, size: 2 ** 53 - 1, id: contentIdOf('3') },
    ];
    const inner = {
      level: 1,
      children: [{ last: byteName('.git-'), files: 1, bytes: 2, id: contentIdOf('4') }],
    };
    for (const sound of [encodeNode({ level: 0, entries }), encodeNode(inner)]) {
      for (let bit = 0; bit < sound.length * 8; bit += 1) {
        const raw = Buffer.from(sound);
        raw[bit >> 3]! ^= 1 << (bit & 7);
        expect(told(scan, raw)).toEqual(expected(decoded(raw)));
      }
      for (let length = 0; length < sound.length; length += 1)
        expect(scan.read(sound.subarray(0, length))).toBe(false);
    }
  });
});
