import { contentIdOf, type ContentId } from '../../base/content-id.js';
import type { NodeKind, ObjectKind } from '../../store/format.js';
import { hashOfFile } from '../../store/loose-objects.js';
import { objectMissing, type ObjectReader } from '../../store/object-reader.js';
import type { HashedBlob, StoreWriter } from '../../store/store-writer.js';
import type { NodeSink } from '../../store/tree-builder.js';
import type { BytePath } from '../byte-path.js';
import type { PackSizes } from './stat-index-format.js';

/** Where a scan puts what it finds: hashes only, or a store as well. */
export interface ScanSink {
  /** True if a file whose id is remembered need not be read: the store has it. Absent where nothing is stored. */
  has?: (id: ContentId, size: number) => boolean;
  /** Lists the packs of the store: what is remembered as stored in them counts as there, as a whole. Absent: it is asked for. */
  packs?: () => PackSizes;
  /** A file below 1 MiB; the bytes are valid during the call only. */
  small(bytes: Buffer): ContentId;
  /** Stores such files, whose bytes follow one another and are valid during the call only; absent where nothing is stored. */
  hashed?: (files: readonly HashedBlob[], bytes: Uint8Array) => void;
  /** A larger file; the id names the bytes that were stored, or what was read if nothing is stored. */
  large(path: string | Buffer, signal: AbortSignal | undefined): Promise<ContentId>;
  /** A node of a directory. */
  node: NodeSink;
  /** True if the nodes of a directory need not be handed to `node` again where nothing in it changed. */
  knows(directory: ContentId): boolean;
  /** Where nodes that need not be handed over are read from. Absent: nowhere. */
  nodes?: ObjectReader;
  /**
   * What becomes of a link that leaves the directory: it is refused, stands for itself, or stands for what it leads to in the
   * workspace, as a program that reads through it sees it.
   */
  leavingLinks: 'refuse' | 'keep' | 'follow';
  /** Called for every link that is met. */
  link?: () => void;
  /** Called for every pointer that is met: it is passed over. */
  pointer?: (path: BytePath) => void;
}

/** What a hashing scan is asked for. */
export interface Hashing {
  /** May keep the nodes it is given; unless named, nobody needs them. */
  node?: NodeSink;
  /** Of directories whose nodes are kept already; none, unless named. */
  knows?: (directory: ContentId) => boolean;
  nodes?: ObjectReader;
  packs?: () => PackSizes;
  leavingLinks?: ScanSink['leavingLinks'];
  /** True: `leavingLinks` is `follow`, unless it is named. */
  throughLinks?: boolean | undefined;
  link?: () => void;
  pointer?: (path: BytePath) => void;
}

/** Computes ids, stores nothing. */
export function hashingSink(hashing: Hashing = {}): ScanSink {
  const { node, knows, nodes, packs, throughLinks = false, link, pointer } = hashing;
  const { leavingLinks = throughLinks ? 'follow' : 'keep' } = hashing;
  return {
    ...(packs && { packs }),
    ...(nodes && { nodes }),
    small: contentIdOf,
    large: (path, signal) => hashOfFile(path, signal && { signal }),
    node: node ?? contentIdOf,
    knows: knows ?? (() => node === undefined),
    leavingLinks,
    ...(link && { link }),
    ...(pointer && { pointer }),
  };
}

/** Stores every byte, and hands the nodes of a tree to `node`, but for directories that it `knows`. */
export function storingSink(
  writer: StoreWriter,
  {
    node,
    knows,
    nodes,
    packs,
    pointer,
  }: Required<Pick<Hashing, 'node' | 'knows'>> & Pick<Hashing, 'nodes' | 'packs' | 'pointer'>,
): ScanSink {
  return {
    ...(packs && { packs }),
    ...(nodes && { nodes }),
    ...(pointer && { pointer }),
    has: (id, size) => writer.has('blob', id, size),
    small: (bytes) => writer.putBlob(bytes),
    hashed: (files, bytes) => {
      writer.putHashed(files, bytes);
    },
    large: async (path, signal) => (await writer.putFileSoon(path, signal && { signal })).id,
    node,
    knows,
    leavingLinks: 'refuse',
  };
}

/** Keeps the nodes of a directory in memory, to be compared with another; no bytes of files. */
export class NodeMemory implements ObjectReader {
  readonly #nodes = new Map<ContentId, Buffer>();
  readonly kind: NodeKind = 'tree';

  readonly sink: NodeSink = (node) => {
    const id = contentIdOf(node);
    if (!this.#nodes.has(id)) this.#nodes.set(id, Buffer.from(node));
    return id;
  };

  has(kind: ObjectKind, id: ContentId): boolean {
    return kind === this.kind && this.#nodes.has(id);
  }

  read(kind: ObjectKind, id: ContentId): Buffer {
    const node = kind === this.kind ? this.#nodes.get(id) : undefined;
    if (node === undefined) throw objectMissing(kind, id, 'memory');
    return node;
  }
}
