import { contentIdOf } from '../../src/base/content-id.js';
import { nameProblem, type ByteName } from '../../src/store/byte-name.js';
import type { FileEntry, TreeEntry } from '../../src/store/tree-format.js';
import fc from '../rig/fast-check.js';

/** A small file whose content is its own description. */
export function fileEntry(name: string, content = name): FileEntry {
  return {
    kind: 'file',
    name: name as ByteName,
    executable: false,
    size: content.length,
    id: contentIdOf(content),
  };
}

/** `count` files named like pictures. */
export function numberedEntries(count: number): FileEntry[] {
  return Array.from({ length: count }, (_, index) => fileEntry(`img-${String(index).padStart(6, '0')}.png`));
}

/** Any name that a tree may hold, not only UTF-8. */
export const anyName = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => Buffer.from(bytes).toString('latin1') as ByteName)
  .filter((name) => nameProblem(name) === undefined);

const anyLeaf: fc.Arbitrary<TreeEntry> = fc.oneof(
  fc
    .record({ name: anyName, executable: fc.boolean(), content: fc.string({ maxLength: 3 }) })
    .map(({ name, executable, content }): TreeEntry => ({ ...fileEntry(name, content), executable })),
  fc
    .record({ name: anyName, target: fc.stringMatching(/^[a-z/.]{1,20}$/) })
    .map(({ name, target }): TreeEntry => ({ kind: 'symlink', name, target })),
);

/** Files and links with different names, in any order. */
export const anyEntries = fc.uniqueArray(anyLeaf, { selector: ({ name }) => name, maxLength: 40 });
