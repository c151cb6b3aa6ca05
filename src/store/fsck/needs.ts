import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import type { ObjectKind } from '../format.js';
import type { NeededRoot } from '../needed-root.js';
import type { ObjectReader } from '../object-reader.js';
import type { TreeNode } from '../tree-format.js';
import { MAX_TREE_DEPTH, readChild, readNode, type TreeRef } from '../tree-reader.js';
import { WholeWalk, type RawReader } from './whole-walk.js';

/** An object that is not there, or not sound, and what needs it. */
export interface Lacking {
  kind: ObjectKind;
  id: ContentId;
  /** Bytes of a blob, where they are known. */
  size?: number;
  /** Where the roots have it: the first hundred places. */
  places: Place[];
}

/** A place in a root. */
export interface Place {
  root: string;
  /** Below the root, '/'-separated raw bytes as latin1; '' for the root itself. */
  below: string;
}

/** So many places of one object are told. */
const MOST_PATHS = 100;
/** So many nodes are visited for places: a hostile tree may have a directory in itself a million times, by ever new names. */
const MOST_VISITS = 1_000_000;

/** What the roots need, seen through a reader that has sound objects only. */
export interface Needs {
  /** Not to be had from the reader. Below a node that is missing nothing more can be said. */
  missing: Lacking[];
  /** Where the roots have each of the objects that were asked for, by kind and id. */
  places: ReadonlyMap<string, readonly Place[]>;
}

/**
 * Walks everything that the roots need. Each node is read once. `wanted` (kind and id joined) names objects whose places are
 * wanted though they are not missing. Damaged nodes are to be hidden by the reader.
 */
export function walkNeeds(
  reader: RawReader,
  roots: readonly NeededRoot[],
  wanted: ReadonlySet<string>,
): Needs {
  const walk = new NeedsWalk(reader, wanted);
  const whole = new WholeWalk(reader);
  for (const root of roots) {
    // Where all is there and no place is wanted, there is nothing to say: that is seen far sooner than where everything is.
    if (wanted.size === 0 && root.kind !== 'blob' && whole.isWhole(root.kind, root.id)) continue;
    walk.look(root);
  }
  return walk.needs();
}

interface NodeRef {
  kind: 'tree' | 'listing';
  id: ContentId;
  /** Of a node that stands below another of the same directory. */
  parent?: { level: number; entry: Parameters<typeof readChild>[2] };
  /** Of the topmost node of a directory: what the entry says that names it. */
  says?: TreeRef['says'];
}

class NeedsWalk {
  readonly #reader: ObjectReader;
  readonly #wanted: ReadonlySet<string>;
  /** Whether something of interest lies at or below each node. */
  readonly #seen = new Map<string, boolean>();
  readonly #missing = new Map<string, Lacking>();
  readonly #places = new Map<string, Place[]>();
  #visits = 0;

  constructor(reader: ObjectReader, wanted: ReadonlySet<string>) {
    this.#reader = reader;
    this.#wanted = wanted;
  }

  look(root: NeededRoot): void {
    const place = { root: root.needer, below: '' };
    if (root.kind === 'blob') {
      if (this.#lookAtBlob(root)) this.#note('blob', root.id, place);
      return;
    }
    const ref: NodeRef = { kind: root.kind, id: root.id };
    // First what is lacking, each node once; then, only where something is, all places of it.
    if (this.#scan(ref, 0)) this.#placesBelow(ref, place);
  }

  needs(): Needs {
    const missing = [...this.#missing.values()].map((lacking) => ({
      ...lacking,
      places: this.#places.get(lacking.kind + lacking.id) ?? [],
    }));
    return { missing, places: this.#places };
  }

  /** True if something of interest is at or below the node. */
  #scan(ref: NodeRef, depth: number): boolean {
    const name = ref.kind + ref.id;
    const known = this.#seen.get(name);
    if (known !== undefined) return known;
    this.#seen.set(name, false);
    const node = depth > MAX_TREE_DEPTH ? undefined : this.#read(ref);
    let found = node === undefined || this.#wanted.has(name);
    if (node === undefined) this.#missing.set(name, { kind: ref.kind, id: ref.id, places: [] });
    else {
      for (const below of nodesIn(ref, node)) found = this.#scan(below.ref, depth + 1) || found;
      for (const blob of blobsIn(ref, node)) found = this.#lookAtBlob(blob) || found;
    }
    this.#seen.set(name, found);
    return found;
  }

  /** Undefined if it is missing, or is not what the node above says of it. */
  #read({ kind, id, parent, says }: NodeRef): TreeNode | undefined {
    if (!this.#reader.has(kind, id)) return undefined;
    const tree = { reader: this.#reader, kind, id, ...(says && { says }) };
    try {
      return parent ? readChild(tree, parent.level, parent.entry) : readNode(tree);
    } catch (error) {
      if (error instanceof OcrpipeError) return undefined;
      throw error;
    }
  }

  #lookAtBlob({ id, size }: { id: ContentId; size?: number }): boolean {
    const name = `blob${id}`;
    if (this.#missing.has(name)) return true;
    if (this.#reader.has('blob', id, size)) return this.#wanted.has(name);
    this.#missing.set(name, { kind: 'blob', id, ...(size !== undefined && { size }), places: [] });
    return true;
  }

  #placesBelow(ref: NodeRef, place: Place): void {
    this.#note(ref.kind, ref.id, place);
    this.#visits += 1;
    if (this.#missing.has(ref.kind + ref.id) || this.#visits > MOST_VISITS) return;
    const node = this.#read(ref);
    if (node === undefined) return;
    for (const { ref: below, name } of nodesIn(ref, node)) {
      if (this.#seen.get(below.kind + below.id) === true) this.#placesBelow(below, placeIn(place, name));
    }
    for (const { id, name } of blobsIn(ref, node)) this.#note('blob', id, placeIn(place, name));
  }

  #note(kind: ObjectKind, id: ContentId, place: Place): void {
    const name = kind + id;
    if (!this.#missing.has(name) && !this.#wanted.has(name)) return;
    const places = this.#places.get(name) ?? [];
    const known = places.some(({ root, below }) => root === place.root && below === place.below);
    if (!known && places.length < MOST_PATHS) this.#places.set(name, [...places, place]);
  }
}

function placeIn(place: Place, name: string): Place {
  if (name === '') return place;
  return { ...place, below: place.below === '' ? name : `${place.below}/${name}` };
}

/** The nodes that a node names; a further node of the same directory has no name. */
function* nodesIn({ kind }: NodeRef, node: TreeNode): Generator<{ ref: NodeRef; name: string }> {
  if ('children' in node) {
    for (const entry of node.children) {
      yield { ref: { kind, id: entry.id, parent: { level: node.level, entry } }, name: '' };
    }
    return;
  }
  for (const entry of node.entries) {
    if (entry.kind === 'directory') yield { ref: { kind, id: entry.id, says: entry }, name: entry.name };
  }
}

/** The files that a node names; those of a listing need not be stored. */
function* blobsIn(
  { kind }: NodeRef,
  node: TreeNode,
): Generator<{ id: ContentId; size: number; name: string }> {
  if ('children' in node || kind === 'listing') return;
  for (const entry of node.entries) if (entry.kind === 'file') yield entry;
}
