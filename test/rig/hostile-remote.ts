import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentIdOf, type ContentId } from '../../src/base/content-id.js';
import { catalogKey, encodeCatalog, type Catalog } from '../../src/remote/catalog/catalog.js';
import { encodeStoreFormat, packKey, type ObjectKind } from '../../src/store/format.js';
import type { PackTable } from '../../src/store/pack-format.js';
import { PackWriter } from '../../src/store/pack-writer.js';
import {
  encodeEntry,
  encodeNodeHeader,
  entryLength,
  NODE_HEADER_BYTES,
  type InnerEntry,
  type TreeEntry,
} from '../../src/store/tree-format.js';
import { temporaryFolder } from './temporary-folder.js';

const STORE = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

/** A node with exactly these entries, whatever they are. */
export function anyNode(entries: readonly (TreeEntry | InnerEntry)[], level = 0): Buffer {
  const length = entries.reduce((sum, entry) => sum + entryLength(entry), NODE_HEADER_BYTES);
  const node = Buffer.alloc(length);
  encodeNodeHeader(node, level, entries.length);
  entries.reduce((offset, entry) => encodeEntry(node, offset, entry), NODE_HEADER_BYTES);
  return node;
}

/** A folder remote whose files are of the right form, have the right names, and say what no push would. */
export class HostileRemote {
  readonly root = temporaryFolder();
  readonly #objects: { kind: ObjectKind; id: ContentId; bytes: Buffer }[] = [];

  constructor() {
    mkdirSync(join(this.root, 'packs'));
    writeFileSync(join(this.root, 'format.json'), encodeStoreFormat(STORE));
  }

  put(kind: ObjectKind, bytes: Uint8Array): ContentId {
    const id = contentIdOf(bytes);
    const known = this.#objects.some((each) => each.kind === kind && each.id === id);
    if (!known) this.#objects.push({ kind, id, bytes: Buffer.from(bytes) });
    return id;
  }

  blob(text: string): ContentId {
    return this.put('blob', Buffer.from(text));
  }

  node(entries: readonly (TreeEntry | InnerEntry)[], level = 0): ContentId {
    return this.put('tree', anyNode(entries, level));
  }

  /** Makes everything that was put known to whoever reads the remote. */
  publish(change: (catalog: Catalog) => Catalog = (catalog) => catalog): PackTable {
    const tmp = temporaryFolder();
    const writer = new PackWriter(tmp);
    for (const { kind, id, bytes } of this.#objects) writer.add(kind, id, bytes);
    const { id, file, table } = writer.seal();
    copyFileSync(file, join(this.root, packKey(id)));
    const created = '2025-01-01T00:00:00.000Z';
    const catalog = {
      ...{ store: STORE, project: 'test', created, base: 0, roots: [] },
      ...{ packs: [table], objects: [], runs: [] },
    };
    const { id: name, bytes } = encodeCatalog(change(catalog));
    writeFileSync(join(this.root, catalogKey(name)), bytes);
    return table;
  }

  read(key: string): Buffer {
    return readFileSync(join(this.root, key));
  }
}
