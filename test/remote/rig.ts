import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { noEvents, type EventSink } from '../../src/base/events.js';
import type { ContentId } from '../../src/base/content-id.js';
import { fetchObjects, type Fetched } from '../../src/remote/fetch/fetch.js';
import type { FetchRoot } from '../../src/remote/fetch/fetch-input.js';
import { ListingsOfTrees } from '../../src/remote/push/listings-of-trees.js';
import { push, type Pushed } from '../../src/remote/push/push.js';
import type { PushRoot } from '../../src/remote/push/push-plan.js';
import type { Remote } from '../../src/remote/backends/remote.js';
import { FolderViewCache, type ViewCache } from '../../src/remote/catalog/view-cache.js';
import type { ViewSource } from '../../src/remote/catalog/view-source.js';
import { byteNameOfText } from '../../src/store/byte-name.js';
import { LocalStore } from '../../src/store/local-store.js';
import { RunRecords, type RunId } from '../../src/store/run-records.js';
import { buildTree, sortedEntries } from '../../src/store/tree-builder.js';
import type { TreeEntry } from '../../src/store/tree-format.js';
import { walkTree } from '../../src/store/tree-reader.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** Names to contents; a nested one is a folder. */
export interface Folder {
  [name: string]: Uint8Array | Folder;
}

/** One machine: its store, and what it remembers of remotes. */
export class Machine {
  readonly store: LocalStore;
  readonly runs: RunRecords;
  readonly cache: ViewCache;
  readonly #root: string;

  constructor(root: string = temporaryFolder(), cache: string = join(root, 'cache')) {
    this.store = LocalStore.create(join(root, 'store'));
    this.runs = new RunRecords(this.store.root);
    this.cache = new FolderViewCache(cache, 'remote');
    this.#root = root;
  }

  /** The same store, on a machine that remembers no remote. */
  forgetful(): Machine {
    return new Machine(this.#root, temporaryFolder());
  }

  /** Stores a directory, as `add` does. */
  add(folder: Folder): ContentId {
    const writer = this.store.writer();
    const put = (each: Folder): ReturnType<typeof buildTree> => {
      const entries = Object.entries(each).map(([text, content]): TreeEntry => {
        const name = byteNameOfText(text);
        if (!(content instanceof Uint8Array)) return { kind: 'directory', name, ...put(content) };
        return { kind: 'file', name, executable: false, size: content.length, id: writer.putBlob(content) };
      });
      return buildTree(sortedEntries(entries), (node) => writer.putTree(node, 'tree'));
    };
    const { id } = put(folder);
    writer.finish();
    return id;
  }

  /** A remote as this machine looks at it. */
  source(remote: Remote): ViewSource {
    return { remote, cache: this.cache, accept: 'ocrpipe remote modify NAME --url URL' };
  }

  push(
    remote: Remote,
    roots: readonly (ContentId | PushRoot)[],
    options: TransferOptions = {},
  ): Promise<Pushed> {
    return push({
      source: {
        store: options.parts === true ? new ListingsOfTrees(this.store) : this.store,
        runs: this.runs,
      },
      ...this.source(remote),
      events: options.events ?? noEvents,
      wanted: { roots: roots.map(rootOf), runs: options.runs ?? [], project: options.project ?? 'test' },
      jobs: options.jobs ?? 4,
      verify: options.verify ?? false,
      signal: options.signal ?? new AbortController().signal,
    });
  }

  fetch(
    remote: Remote,
    roots: readonly (ContentId | FetchRoot)[],
    options: TransferOptions = {},
  ): Promise<Fetched> {
    return fetchObjects({
      ...this.source(remote),
      ...{ store: this.store, runs: this.runs },
      events: options.events ?? noEvents,
      roots: roots.map(rootOf),
      runKeys: options.runKeys ?? [],
      jobs: options.jobs ?? 4,
      copies: options.copies,
      signal: options.signal ?? new AbortController().signal,
    });
  }

  /** Every file below a directory that can be read back, verified: path to size. */
  files(id: ContentId): Map<string, number> {
    const found = new Map<string, number>();
    for (const { path, entry } of walkTree({ reader: this.store, id })) {
      if (entry.kind === 'file') found.set(path, this.store.read('blob', entry.id).length);
    }
    return found;
  }
}

export interface TransferOptions {
  runs?: readonly RunId[];
  runKeys?: readonly ContentId[] | 'all';
  project?: string;
  verify?: boolean;
  /** Of some directories only parts are pushed. */
  parts?: boolean;
  jobs?: number;
  copies?: ReadonlyMap<ContentId, string>;
  signal?: AbortSignal;
  events?: EventSink;
}

function rootOf<Root extends object>(
  root: ContentId | Root,
): Root | { id: ContentId; kind: 'tree'; name: string } {
  return typeof root === 'object' ? root : { id: root, kind: 'tree', name: 'data' };
}

/** `count` files of random bytes. */
export function randomFiles(count: number, bytes: number): Folder {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `file-${String(index).padStart(6, '0')}`,
      randomBytes(bytes),
    ]),
  );
}
