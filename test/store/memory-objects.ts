import { contentIdOf, type ContentId } from '../../src/base/content-id.js';
import type { NodeKind, ObjectKind } from '../../src/store/format.js';
import { objectMissing, type ObjectReader } from '../../src/store/object-reader.js';
import { buildTree, type TreeSummary } from '../../src/store/tree-builder.js';
import type { TreeEntry } from '../../src/store/tree-format.js';

/** Objects in memory that counts what was read: trees are built into it and walked over it. */
export class MemoryObjects implements ObjectReader {
  readonly objects = new Map<string, Buffer>();
  readonly reads: ContentId[] = [];

  put(kind: ObjectKind, bytes: Uint8Array): ContentId {
    const id = contentIdOf(bytes);
    this.objects.set(`${kind} ${id}`, Buffer.from(bytes));
    return id;
  }

  tree(entries: readonly TreeEntry[], kind: NodeKind = 'tree'): TreeSummary {
    return buildTree(entries, (node) => this.put(kind, node));
  }

  has(kind: ObjectKind, id: ContentId): boolean {
    return this.objects.has(`${kind} ${id}`);
  }

  read(kind: ObjectKind, id: ContentId): Buffer {
    const bytes = this.objects.get(`${kind} ${id}`);
    if (!bytes) throw objectMissing(kind, id, 'memory');
    this.reads.push(id);
    return bytes;
  }
}
