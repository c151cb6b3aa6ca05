import type { ContentId } from '../base/content-id.js';
import { OcrpipeError, userError } from '../base/errors.js';
import { nameProblem } from './byte-name.js';
import { endsNode, nameHash } from './name-hash.js';
import {
  encodeEntry,
  encodeNodeHeader,
  entryLength,
  entryTotals,
  MAX_NODE_BYTES,
  MAX_NODE_ENTRIES,
  MAX_TREE_FILES,
  NODE_HEADER_BYTES,
  targetProblem,
  type InnerEntry,
  type TreeEntry,
  type TreeNode,
} from './tree-format.js';

/** A directory as one value. */
export interface TreeSummary {
  id: ContentId;
  /** Files and links below, at any depth. */
  files: number;
  /** Bytes of all files below. */
  bytes: number;
}

/** Stores the bytes of one node (valid during the call only) and returns their SHA-256. */
export type NodeSink = (node: Buffer) => ContentId;

const FIRST_NODE_BYTES = 2 * 1024;

/** The name of an entry behind which a node should have ended though others follow; undefined in a node as it is built. */
export function uncutEntry(node: TreeNode): string | undefined {
  const names =
    'children' in node ? node.children.map(({ last }) => last) : node.entries.map(({ name }) => name);
  const first = node.level === 0 ? 0 : 1;
  return names.slice(first, -1).find((name) => endsNode(nameHash(name), node.level));
}

/**
 * Builds the nodes of one directory from its entries in ascending order of their names, and hands each to `put` as soon as it
 * is cut. Where a directory is cut depends on its entries only, so an edit changes the nodes around it and those above:
 * a node of level n ends behind an entry whose name's hash has 8 (n + 1) trailing zero bits, though not before its second
 * entry where n is 1 or more, at its 1,024th entry at the latest, and before an entry that would make it longer than 1 MiB.
 * Levels are added until one node is left: its id is the directory's. An empty directory is one node without entries.
 */
export class TreeBuilder {
  readonly #put: NodeSink;
  readonly #levels: NodeLevel[] = [];
  #previous: string | undefined;

  constructor(put: NodeSink) {
    this.#put = put;
  }

  /** Throws `name-refused` for a name or link target that may not be in a tree and `tree-order` for names out of order. */
  add(entry: TreeEntry): void {
    const problem =
      nameProblem(entry.name) ?? (entry.kind === 'symlink' ? targetProblem(entry.target) : undefined);
    if (problem !== undefined) {
      throw new OcrpipeError(
        'name-refused',
        `${JSON.stringify(entry.name.slice(0, 80))} cannot be stored: ${problem}`,
      );
    }
    if (this.#previous !== undefined && entry.name <= this.#previous) {
      throw new OcrpipeError('tree-order', `${JSON.stringify(entry.name)} comes out of order or twice`);
    }
    this.#previous = entry.name;
    this.#append(0, entry);
  }

  /** The whole directory. The builder is used up. */
  finish(): TreeSummary {
    for (let level = 0; ; level += 1) {
      const nodes = this.#level(level);
      if (nodes.count > 0 || nodes.emitted === 0) this.#emit(level);
      if (nodes.emitted === 1) return summaryOf(nodes);
    }
  }

  #append(level: number, entry: TreeEntry | InnerEntry): void {
    const nodes = this.#level(level);
    if (!nodes.hasRoomFor(entry)) this.#emit(level);
    nodes.append(entry);
    const name = 'last' in entry ? entry.last : entry.name;
    const longEnough = level === 0 || nodes.count >= 2;
    if (nodes.count === MAX_NODE_ENTRIES || (longEnough && endsNode(nameHash(name), level)))
      this.#emit(level);
  }

  #emit(level: number): void {
    const entry = this.#level(level).emit(this.#put);
    if (entry.last !== '') this.#append(level + 1, entry);
  }

  #level(level: number): NodeLevel {
    return (this.#levels[level] ??= new NodeLevel(level));
  }
}

function summaryOf({ lastEmitted, files, bytes }: NodeLevel): TreeSummary {
  if (files > MAX_TREE_FILES) {
    throw userError('too-many-files', `a directory may hold ${MAX_TREE_FILES} files at most, not ${files}`, {
      hint: 'Track parts of it by themselves.',
    });
  }
  return { id: lastEmitted!.id, files, bytes };
}

/** The nodes of one level: the one being filled, and what was cut so far. */
class NodeLevel {
  readonly #level: number;
  #node = Buffer.allocUnsafe(FIRST_NODE_BYTES);
  #length = NODE_HEADER_BYTES;
  #last = '' as InnerEntry['last'];
  #filesHere = 0;
  #bytesHere = 0;
  count = 0;
  emitted = 0;
  lastEmitted: InnerEntry | undefined;
  /** Of the whole level. */
  files = 0;
  bytes = 0;

  constructor(level: number) {
    this.#level = level;
  }

  hasRoomFor(entry: TreeEntry | InnerEntry): boolean {
    return this.#length + entryLength(entry) <= MAX_NODE_BYTES;
  }

  append(entry: TreeEntry | InnerEntry): void {
    const needed = this.#length + entryLength(entry);
    if (needed > this.#node.length) this.#node = Buffer.concat([this.#node], needed * 2);
    this.#length = encodeEntry(this.#node, this.#length, entry);
    this.#last = 'last' in entry ? entry.last : entry.name;
    const totals = entryTotals(entry);
    this.#filesHere += totals.files;
    this.#bytesHere += totals.bytes;
    this.count += 1;
  }

  /** Cuts the node that is being filled and begins the next. */
  emit(put: NodeSink): InnerEntry {
    encodeNodeHeader(this.#node, this.#level, this.count);
    const id = put(this.#node.subarray(0, this.#length));
    const entry = { last: this.#last, files: this.#filesHere, bytes: this.#bytesHere, id };
    this.files += entry.files;
    this.bytes += entry.bytes;
    this.emitted += 1;
    this.lastEmitted = entry;
    this.#length = NODE_HEADER_BYTES;
    this.#filesHere = 0;
    this.#bytesHere = 0;
    this.count = 0;
    return entry;
  }
}

/** Builds a directory from entries in any order: sorts a copy of them first. */
export function buildTree(entries: readonly TreeEntry[], put: NodeSink): TreeSummary {
  const builder = new TreeBuilder(put);
  for (const entry of sortedEntries(entries)) builder.add(entry);
  return builder.finish();
}

/** The entries in the order of a tree: ascending by the bytes of their names. */
export function sortedEntries(entries: readonly TreeEntry[]): TreeEntry[] {
  return [...entries].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
