import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import { exactlyOrAll, type PathPattern } from '../../base/path-pattern.js';
import type { NodeKind, ObjectKind } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import type { PackTable } from '../../store/pack-format.js';
import { decodeNode, type TreeEntry, type TreeNode } from '../../store/tree-format.js';
import { WalkLimits } from '../../store/tree-reader.js';
import type { FetchRoot } from './fetch-input.js';
import { textOf, type MissingFile } from './missing-on-remote.js';
import type { WantedObject } from './object-source.js';
import { WantedBlobs } from './wanted-blobs.js';

/** What a walk needs of the remote; asked for only when something is not in the store. */
export interface NodeSource {
  /** What tells whether the remote has an object. */
  look(): Promise<(kind: ObjectKind, id: ContentId) => boolean>;
  /** Reads these nodes, and hands over others that came along; passes over damaged ones. */
  read(
    nodes: readonly WantedObject[],
    take: (kind: ObjectKind, id: ContentId, bytes: Buffer) => void,
  ): Promise<void>;
}

/** Nodes of a pack are read all at once if they take no more than this: a tree then costs one request, not one a level. */
const ALONGSIDE_BYTES = 256 * 1024;
/** So many bytes more are rather read than paid for with another request. */
const BYTES_PER_REQUEST = 1024 * 1024;

interface NodeRef extends WantedObject {
  kind: NodeKind;
  optional: boolean;
  nodesOnly: boolean;
  /** True of one that is only to tell where a part is: it comes as a listing, too, which promises nothing below. */
  onTheWay?: boolean;
}

interface ReadNode {
  kind: NodeKind;
  id: ContentId;
  bytes: Buffer;
}

/** What a pattern means, and where below the directory it is. */
interface MeantEntry {
  path: string;
  entry: TreeEntry;
}

/** A node in which a pattern is to be looked for, and the path, with its '/', of what it lists. */
interface LookedInto {
  ref: NodeRef;
  pattern: PathPattern;
  above: string;
}

/** Walks what is wanted, through the store where it can and the remote where it must, level by level. */
export class WantedWalk {
  /** Blobs that the remote has and the store has not. */
  readonly blobs = new WantedBlobs();
  /** Nodes that were visited and are not in the store, parents first. */
  readonly nodes: ReadNode[] = [];
  /** What is in neither, and not optional. */
  readonly missing: MissingFile[] = [];
  /** Kind and id of that, and of nodes that are damaged. */
  readonly #lacking = new Set<string>();
  readonly #store: LocalStore;
  readonly #source: NodeSource;
  readonly #read = new Map<string, Buffer>();
  /** Nodes of the store, read before they are visited: a damaged one is got from the remote like an absent one. */
  readonly #local = new Map<string, Buffer>();
  readonly #seen = new Set<string>();

  constructor(store: LocalStore, source: NodeSource) {
    this.#store = store;
    this.#source = source;
  }

  async walk(roots: readonly FetchRoot[]): Promise<void> {
    this.#store.refresh();
    let level: NodeRef[] = [];
    for (const root of roots) level.push(...(await this.#start(root)));
    while (level.length > 0) {
      const present = await this.#load(level);
      level = present.flatMap((ref) => this.#visit(ref));
    }
    await this.#dropAbsent();
  }

  /** The nodes that have everything below them, or will have it with `blobs`. */
  wholeNodes(): ReadNode[] {
    if (this.#lacking.size === 0) return this.nodes;
    const read = new Map(this.nodes.map((node) => [node.kind + node.id, node]));
    const seen = new Map<string, boolean>();
    const isWhole = (name: string): boolean => {
      const known = seen.get(name);
      if (known !== undefined) return known;
      const node = read.get(name);
      const whole = !this.#lacking.has(name) && (node === undefined || namesIn(node).every(isWhole));
      seen.set(name, whole);
      return whole;
    };
    return this.nodes.filter(({ kind, id }) => isWhole(kind + id));
  }

  async #start(root: FetchRoot): Promise<NodeRef[]> {
    const { optional = false, nodesOnly = false } = root;
    if (root.kind === 'blob') {
      this.#wantBlob(root, { path: root.name }, optional);
      return [];
    }
    const ref: NodeRef = { kind: root.kind, id: root.id, name: root.name, optional, nodesOnly };
    const { below } = root;
    if (below === undefined) return [ref];
    const top = { ...ref, onTheWay: true };
    const meant =
      typeof below === 'string'
        ? [{ path: below, entry: await this.#descend(top, below) }]
        : exactlyOrAll(below, await this.#matching(top, below));
    return meant.flatMap(({ path, entry }) => {
      if (entry?.kind === 'file') this.#wantBlob(entry, { path: `${root.name}/${textOf(path)}` }, optional);
      return entry?.kind === 'directory' ? [{ ...ref, id: entry.id }] : [];
    });
  }

  /** What a pattern means below a directory: nothing is no error. The listings that it looks into are wanted, too. */
  async #matching(top: NodeRef, pattern: PathPattern): Promise<MeantEntry[]> {
    const found: MeantEntry[] = [];
    const limits = new WalkLimits();
    let level: LookedInto[] = [{ ref: top, pattern, above: '' }];
    for (let depth = 0; level.length > 0; depth += 1) {
      const present = new Set(await this.#load(level.map(({ ref }) => ref)));
      for (const { ref } of level) limits.enter({ reader: this.#store, id: ref.id }, depth);
      level = level.filter(({ ref }) => present.has(ref)).flatMap((each) => this.#lookInto(each, found));
    }
    return found;
  }

  /** Notes what is meant in one node; returns what is to be looked into next. */
  #lookInto({ ref, pattern, above }: LookedInto, found: MeantEntry[]): LookedInto[] {
    const node = this.#take(ref);
    if ('children' in node) return node.children.map(({ id }) => ({ ref: { ...ref, id }, pattern, above }));
    return node.entries.flatMap((entry) => {
      const step = pattern.step(entry.name, entry.kind === 'directory' ? 'folder' : 'other');
      const path = above + entry.name;
      if (step === 'whole') found.push({ path, entry });
      if (step === undefined || step === 'whole' || entry.kind !== 'directory') return [];
      return [{ ref: { ...ref, id: entry.id }, pattern: step, above: `${path}/` }];
    });
  }

  /**
   * The entry at a path below a directory; the nodes on the way are wanted too. Undefined if one of them is missing. Throws
   * `path-not-tracked`.
   */
  async #descend(top: NodeRef, path: string): Promise<TreeEntry | undefined> {
    let at: TreeEntry | undefined;
    for (const name of path.split('/')) {
      if (at !== undefined && at.kind !== 'directory') throw notTracked(top.name, path);
      const found = await this.#findEntry({ ...top, id: at?.id ?? top.id }, name);
      if (found === 'missing') return undefined;
      if (found === undefined) throw notTracked(top.name, path);
      at = found;
    }
    return at;
  }

  async #findEntry(directory: NodeRef, name: string): Promise<TreeEntry | 'missing' | undefined> {
    let ref = directory;
    for (;;) {
      if ((await this.#load([ref])).length === 0) return 'missing';
      const node = this.#take(ref);
      if (!('children' in node)) return node.entries.find((entry) => entry.name === name);
      const child = node.children.find(({ last }) => name <= last);
      if (child === undefined) return undefined;
      // The whole listing of a directory on the way is kept: an edit of the part makes a new one of it.
      const others = node.children.filter((each) => each !== child).map(({ id }) => ({ ...ref, id }));
      await this.#loadNodes(others, node.level - 1);
      ref = { ...ref, id: child.id };
    }
  }

  /** Brings nodes of one directory, and those of it below them, and nothing that they name. */
  async #loadNodes(refs: readonly NodeRef[], level: number): Promise<void> {
    if (refs.length === 0) return;
    const nodes = (await this.#load(refs)).map((ref) => ({ ref, node: this.#take(ref) }));
    if (level === 0) return;
    const below = nodes.flatMap(({ ref, node }) =>
      'children' in node ? node.children.map(({ id }) => ({ ...ref, id })) : [],
    );
    await this.#loadNodes(below, level - 1);
  }

  /** Brings the nodes that are not in the store into memory; returns those that can be visited, and notes what is missing. */
  async #load(level: readonly NodeRef[]): Promise<NodeRef[]> {
    const absent = level.filter((ref) => !this.#isHere(ref));
    const skipped = new Set<NodeRef>();
    const isThere = absent.length === 0 ? () => false : await this.#source.look();
    const wanted = new Map<string, WantedObject>();
    for (const ref of absent) {
      const kind = kindsOf(ref).find((each) => isThere(each, ref.id));
      if (kind !== undefined) {
        wanted.set(kind + ref.id, { ...ref, kind });
        continue;
      }
      skipped.add(ref);
      if (!ref.optional) this.#note(ref, { path: ref.name });
    }
    if (wanted.size > 0) {
      await this.#source.read([...wanted.values()], (kind, id, bytes) => this.#read.set(kind + id, bytes));
    }
    for (const ref of absent.filter((each) => !skipped.has(each) && !this.#isRead(each))) {
      skipped.add(ref);
      this.#lacking.add(ref.kind + ref.id);
    }
    return level.filter((ref) => !skipped.has(ref));
  }

  /** True if it came from the remote, as whatever it counts there. */
  #isRead(ref: NodeRef): boolean {
    const kind = kindsOf(ref).find((each) => this.#read.has(each + ref.id));
    if (kind === undefined) return false;
    this.#read.set(ref.kind + ref.id, this.#read.get(kind + ref.id)!);
    return true;
  }

  #isHere(ref: NodeRef): boolean {
    const name = ref.kind + ref.id;
    if (this.#isRead(ref) || this.#local.has(name)) return true;
    const bytes = this.#readLocal(ref);
    if (bytes !== undefined) this.#local.set(name, bytes);
    return bytes !== undefined;
  }

  #readLocal({ kind, id }: NodeRef): Buffer | undefined {
    if (!this.#store.has(kind, id)) return undefined;
    try {
      return this.#store.read(kind, id);
    } catch (error) {
      if (error instanceof OcrpipeError && error.code === 'object-damaged') return undefined;
      throw error;
    }
  }

  /** What a node names, to be visited next. */
  #visit(ref: NodeRef): NodeRef[] {
    const visit = `${ref.nodesOnly ? 'listed' : 'visited'} ${ref.kind}${ref.id}`;
    if (this.#seen.has(visit)) return [];
    this.#seen.add(visit);
    const node = this.#take(ref);
    if ('children' in node) return node.children.map(({ id }) => ({ ...ref, id }));
    const below: NodeRef[] = [];
    for (const entry of node.entries) {
      if (entry.kind === 'directory') below.push({ ...ref, id: entry.id });
      else if (entry.kind === 'file' && ref.kind === 'tree' && !ref.nodesOnly) {
        this.#wantBlob(entry, { path: ref.name, file: entry.name }, ref.optional);
      }
    }
    return below;
  }

  /** The decoded node; one that came from the remote is noted for storing. */
  #take(ref: NodeRef): TreeNode {
    const name = ref.kind + ref.id;
    const bytes = this.#read.get(name);
    if (bytes !== undefined && !this.#seen.has(name)) {
      this.#seen.add(name);
      this.nodes.push({ kind: ref.kind, id: ref.id, bytes });
    }
    const node = decodeNode(
      bytes ?? this.#local.get(name) ?? this.#store.read(ref.kind, ref.id),
      `${ref.id} of ${ref.name}`,
    );
    this.#local.delete(name);
    return node;
  }

  readonly #optionalBlobs = new Set<ContentId>();

  #wantBlob({ id, size }: { id: ContentId; size?: number }, place: MissingFile, optional: boolean): void {
    if (!optional) this.#optionalBlobs.delete(id);
    if (this.blobs.isWantedElsewhere(id, place) || this.#store.knows('blob', id, size)) return;
    this.blobs.want(id, place);
    if (optional) this.#optionalBlobs.add(id);
  }

  async #dropAbsent(): Promise<void> {
    if (this.blobs.size === 0) return;
    const isThere = await this.#source.look();
    for (const id of this.blobs.ids()) {
      if (isThere('blob', id)) continue;
      const places = this.blobs.drop(id);
      if (!this.#optionalBlobs.has(id)) this.#note({ kind: 'blob', id }, ...places);
    }
  }

  #note({ kind, id }: { kind: ObjectKind; id: ContentId }, ...places: MissingFile[]): void {
    this.#lacking.add(kind + id);
    this.missing.push(...places);
  }
}

/** What a node may count as where it is read from. */
function kindsOf({ kind, onTheWay }: NodeRef): NodeKind[] {
  return onTheWay === true ? [kind, 'listing'] : [kind];
}

/** Kind and id of everything that a node names. */
function namesIn({ kind, id, bytes }: ReadNode): string[] {
  const node = decodeNode(bytes, id);
  if ('children' in node) return node.children.map((child) => kind + child.id);
  return node.entries.flatMap((entry) => {
    if (entry.kind === 'directory') return [kind + entry.id];
    return entry.kind === 'file' && kind === 'tree' ? [`blob${entry.id}`] : [];
  });
}

/** Nodes of the pack, if all of them are little to read beside what takes so many requests anyway. */
export function nodesAlongside(table: PackTable, requests: number): number[] {
  const limit = ALONGSIDE_BYTES + (requests - 1) * BYTES_PER_REQUEST;
  const indexes: number[] = [];
  let bytes = 0;
  for (let index = 0; index < table.count; index += 1) {
    const kind = table.kindAt(index);
    if (kind !== 'tree' && kind !== 'listing') continue;
    indexes.push(index);
    bytes += table.lengthAt(index);
    if (bytes > limit) return [];
  }
  return indexes;
}

/** `path-not-tracked`: the tracked folder `name` holds nothing at `path` below it. */
export function notTracked(name: string, path: string): OcrpipeError {
  return userError('path-not-tracked', `there is no '${path}' in ${name}`, {
    hint: 'Check the spelling, or name the whole folder.',
  });
}
