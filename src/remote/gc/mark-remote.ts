import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { withProgress } from '../../base/with-progress.js';
import type { NodeKind } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import { decodeNode } from '../../store/tree-format.js';
import type { RemoteView } from '../catalog/view.js';
import type { FetchInput } from '../fetch/fetch-input.js';
import { FetchRun } from '../fetch/fetch-run.js';
import { nodesAlongside } from '../fetch/wanted-walk.js';
import type { RemoteMarks } from './remote-marks.js';

/** Something that a remote is to keep with everything below it. */
export interface MarkedRoot {
  readonly kind: 'blob' | NodeKind;
  readonly id: ContentId;
  /** Who needs it, for people. */
  readonly needer: string;
  /** Nobody relies on all of it being there. */
  readonly optional: boolean;
  /** True if it was pushed. */
  readonly recorded: boolean;
}

export interface Marked {
  /** Kind and id of what is not there though something that is there names it. */
  readonly lost: ReadonlySet<string>;
  /** Optional roots of which some node can be read nowhere. */
  readonly unread: ReadonlySet<MarkedRoot>;
}

export interface MarkInput extends Omit<FetchInput, 'roots' | 'runKeys'> {
  readonly view: RemoteView;
  readonly marks: RemoteMarks;
}

interface NodeRef {
  readonly kind: NodeKind;
  readonly id: ContentId;
  readonly root: MarkedRoot;
  /** True if what names it is on the remote, so that it should be there too. */
  readonly named: boolean;
}

/**
 * Marks what roots need of a remote: nodes and, below trees, blobs. Nodes are read from the store, else from the remote, level by
 * level. Throws `needed-tree-missing` for a node that is nowhere or damaged, unless its root is optional: what lies below it is
 * not known.
 */
export async function markRemote(roots: readonly MarkedRoot[], input: MarkInput): Promise<Marked> {
  const walk = new MarkWalk(input);
  // What an optional root visited is not visited again: nothing missing below it would be told any more.
  for (const optional of [false, true]) await walk.walk(roots.filter((root) => root.optional === optional));
  return walk;
}

class MarkWalk implements Marked {
  readonly lost = new Set<string>();
  readonly unread = new Set<MarkedRoot>();
  readonly #input: MarkInput;
  readonly #reading: FetchRun;
  readonly #visited = new Set<string>();
  /** Nodes that came along with others, until they are visited. */
  readonly #ahead = new Map<string, Buffer>();

  constructor(input: MarkInput) {
    this.#input = input;
    this.#reading = new FetchRun({ ...input, roots: [], runKeys: [] }, input.view);
  }

  async walk(roots: readonly MarkedRoot[]): Promise<void> {
    for (const { kind, id, recorded } of roots) {
      if (kind !== 'blob') continue;
      if (this.#input.marks.mark(kind, id) === 'absent' && recorded) this.lost.add(kind + id);
    }
    await withProgress({ key: 'see what is needed', unit: 'objects' }, this.#input, async (breathe) => {
      let level = roots.flatMap((root): NodeRef[] =>
        root.kind === 'blob'
          ? []
          : [{ kind: root.kind, id: root.id, root, named: root.recorded && !root.optional }],
      );
      while (level.length > 0) {
        await breathe(this.#visited.size);
        level = await this.#visitLevel(level);
      }
    });
  }

  async #visitLevel(level: readonly NodeRef[]): Promise<NodeRef[]> {
    const isNew = ({ kind, id }: NodeRef): boolean => {
      const visited = this.#visited.has(kind + id);
      this.#visited.add(kind + id);
      return !visited;
    };
    const refs = level.filter(isNew);
    const nodes = await this.#read(refs);
    return refs.flatMap((ref) => {
      const isThere = this.#input.marks.mark(ref.kind, ref.id) !== 'absent';
      if (!isThere && ref.named) this.lost.add(ref.kind + ref.id);
      const bytes = nodes.get(ref.kind + ref.id);
      if (bytes !== undefined) return this.#below(ref, bytes, isThere);
      this.#refuse(ref);
      return [];
    });
  }

  async #read(refs: readonly NodeRef[]): Promise<Map<string, Buffer>> {
    const { store, view } = this.#input;
    const nodes = new Map<string, Buffer>();
    for (const { kind, id } of refs) {
      const bytes = this.#ahead.get(kind + id) ?? readLocal(store, kind, id);
      this.#ahead.delete(kind + id);
      if (bytes) nodes.set(kind + id, bytes);
    }
    const absent = refs.filter(({ kind, id }) => !nodes.has(kind + id) && view.has(kind, id));
    if (absent.length === 0) return nodes;
    const wanted = absent.map(({ kind, id, root }) => ({ kind, id, name: root.needer }));
    const names = new Set(wanted.map(({ kind, id }) => kind + id));
    const take = ({ kind, id, bytes }: { kind: string; id: ContentId; bytes: Buffer }): void => {
      const name = kind + id;
      if (names.has(name)) nodes.set(name, bytes);
      else if (!this.#visited.has(name)) this.#ahead.set(name, bytes);
    };
    await this.#reading.readSmall(wanted, take, nodesAlongside);
    return nodes;
  }

  /** Marks the files that a node names; returns the nodes that it names. */
  #below({ kind, id, root }: NodeRef, bytes: Buffer, isThere: boolean): NodeRef[] {
    const refTo = (child: ContentId): NodeRef => ({ kind, id: child, root, named: isThere });
    const node = decodeNode(bytes, id);
    if ('children' in node) return node.children.map((child) => refTo(child.id));
    const directories: NodeRef[] = [];
    for (const entry of node.entries) {
      if (entry.kind === 'directory') directories.push(refTo(entry.id));
      if (entry.kind !== 'file' || kind !== 'tree') continue;
      if (this.#input.marks.mark('blob', entry.id) === 'absent' && isThere) this.lost.add(`blob${entry.id}`);
    }
    return directories;
  }

  #refuse({ id, root }: NodeRef): void {
    if (root.optional) {
      this.unread.add(root);
      return;
    }
    const { where } = this.#input.remote;
    throw new OcrpipeError(
      'needed-tree-missing',
      `the tree ${id}, which ${root.needer} needs, can be read neither here nor on ${where}: what lies below it is not known`,
      {
        hint: "Get it back with 'ocrpipe push --verify' where it is, choose a scope without it, or add --allow-missing if it is lost.",
      },
    );
  }
}

function readLocal(store: LocalStore, kind: NodeKind, id: ContentId): Buffer | undefined {
  if (!store.has(kind, id)) return undefined;
  try {
    return store.read(kind, id);
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'object-damaged') return undefined;
    throw error;
  }
}
