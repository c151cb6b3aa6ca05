import type { ContentId } from '../../base/content-id.js';
import { noEvents } from '../../base/events.js';
import { FetchRun } from '../../remote/fetch/fetch-run.js';
import { nodesAlongside } from '../../remote/fetch/wanted-walk.js';
import { loadView } from '../../remote/catalog/load-view.js';
import type { ObjectKind } from '../../store/format.js';
import { LocalStore } from '../../store/local-store.js';
import { objectMissing, type ObjectReader } from '../../store/object-reader.js';
import { RunRecords } from '../../store/run-records.js';
import { decodeNode } from '../../store/tree-format.js';
import { findPath, type TreeRef } from '../../store/tree-reader.js';
import type { TreeEntry } from '../../store/tree-format.js';
import { withSourceRemotes, type SourceData } from './source-data.js';

const REQUESTS_AT_ONCE = 4;

/** The nodes of directories of another repository, in memory: no file of them is fetched, and nothing is written. */
export class SourceTrees implements ObjectReader {
  readonly #data: SourceData;
  readonly #signal: AbortSignal;
  readonly #nodes = new Map<ContentId, Buffer>();

  constructor(data: SourceData, signal: AbortSignal) {
    this.#data = data;
    this.#signal = signal;
  }

  has(kind: ObjectKind, id: ContentId): boolean {
    return kind === 'tree' && (this.#nodes.has(id) || this.#data.store?.has('tree', id) === true);
  }

  read(kind: ObjectKind, id: ContentId): Buffer {
    const bytes = kind === 'tree' ? this.#nodes.get(id) : undefined;
    if (bytes !== undefined) return bytes;
    if (this.#data.store?.has(kind, id) === true) return this.#data.store.read(kind, id);
    throw objectMissing(kind, id, this.#data.repository, "Run 'ocrpipe push' there.");
  }

  /** The directory, its nodes at hand; with `deep`, those of all directories below as well. */
  async directory(id: ContentId, { deep }: { deep: boolean }): Promise<TreeRef> {
    await this.#load([id], deep);
    return { reader: this, id };
  }

  /** What stands at a path (raw bytes) below a directory; undefined if nothing does. */
  async entry(id: ContentId, below: string): Promise<TreeEntry | undefined> {
    let at: TreeEntry | undefined;
    for (const name of below.split('/')) {
      if (at !== undefined && at.kind !== 'directory') return undefined;
      const tree = await this.directory(at?.id ?? id, { deep: false });
      at = findPath(tree, name);
      if (at === undefined) return undefined;
    }
    return at;
  }

  /** Level by level: as many requests as a tree has levels at most, and one where its nodes lie in one pack. */
  async #load(top: readonly ContentId[], deep: boolean): Promise<void> {
    if (this.#allHere(top, deep)) return;
    await withSourceRemotes(this.#data, this.#signal, async (source) => {
      const view = await loadView(source);
      const store = LocalStore.absent('');
      const run = new FetchRun(
        {
          ...source,
          ...{ store, runs: new RunRecords(''), roots: [], runKeys: [], jobs: REQUESTS_AT_ONCE },
          ...{ events: noEvents, signal: this.#signal },
        },
        view,
      );
      for (let level = top; level.length > 0; level = this.#below(level, deep)) {
        const wanted = level.filter((id) => !this.has('tree', id));
        const objects = wanted.map((id) => ({ kind: 'tree' as const, id, name: this.#data.repository }));
        await run.readSmall(
          objects,
          ({ kind, id, bytes }) => {
            if (kind === 'tree') this.#nodes.set(id, bytes);
          },
          nodesAlongside,
        );
      }
    });
  }

  #allHere(top: readonly ContentId[], deep: boolean): boolean {
    for (let level = top; level.length > 0; level = this.#below(level, deep)) {
      if (!level.every((id) => this.has('tree', id))) return false;
    }
    return true;
  }

  /** What the nodes of a level name: further nodes of the directory, and directories. */
  #below(level: readonly ContentId[], deep: boolean): ContentId[] {
    const found = level.flatMap((id) => {
      const node = decodeNode(this.read('tree', id), id);
      if ('children' in node) return node.children.map((child) => child.id);
      return deep ? node.entries.flatMap((entry) => (entry.kind === 'directory' ? [entry.id] : [])) : [];
    });
    return [...new Set(found)];
  }
}
