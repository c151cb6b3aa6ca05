import type { InnerEntry, TreeEntry, TreeNode } from './tree-format.js';
import { directoryIn, readChild, readNode, WalkLimits, type TreeRef } from './tree-reader.js';

/**
 * A name that differs between two directories. A directory that is on one side only is named itself (it may be empty), then
 * everything below it; of one that is on both sides only what differs below it is named.
 */
export interface TreeChange {
  /** Below the compared directories: raw bytes as latin1, '/'-separated. */
  path: string;
  old?: TreeEntry;
  new?: TreeEntry;
}

/**
 * What differs between two directories, in the order of a walk. Both are walked side by side by their names, and wherever
 * both stand before the same node or directory it is skipped unread: the work grows with the change. `undefined` stands for
 * no directory at all.
 */
export function diffTrees(before: TreeRef | undefined, after: TreeRef | undefined): Generator<TreeChange> {
  return diffBelow({ before, after, depth: 0, limits: new WalkLimits() }, '');
}

function* diffBelow(sides: Sides, prefix: string): Generator<TreeChange> {
  const { before, after, depth, limits } = sides;
  if (before?.id === after?.id) return;
  limits.enter((before ?? after)!, depth);
  for (const pair of pairByName(new Walker(before), new Walker(after))) {
    const path = joined(prefix, (pair.old ?? pair.new)!.name);
    yield* diffEntries({ path, ...pair }, sides);
  }
}

/** The entries of both sides by name, in order; those in nodes that both sides share are left out. */
function* pairByName(left: Walker, right: Walker): Generator<{ old?: TreeEntry; new?: TreeEntry }> {
  for (;;) {
    alignWalkers(left, right);
    const old = left.entry;
    const now = right.entry;
    if (old && (!now || old.name < now.name)) {
      left.next();
      yield { old };
    } else if (now && (!old || now.name < old.name)) {
      right.next();
      yield { new: now };
    } else if (old && now) {
      left.next();
      right.next();
      yield { old, new: now };
    } else {
      return;
    }
  }
}

interface Sides {
  before: TreeRef | undefined;
  after: TreeRef | undefined;
  depth: number;
  limits: WalkLimits;
}

function* diffEntries(change: TreeChange, sides: Sides): Generator<TreeChange> {
  const { old, new: now, path } = change;
  if (old && now && sameEntry(old, now)) return;
  const oldFolder = old?.kind === 'directory' ? directoryIn(sides.before!, old) : undefined;
  const newFolder = now?.kind === 'directory' ? directoryIn(sides.after!, now) : undefined;
  if (!oldFolder || !newFolder) yield change;
  if (!oldFolder && !newFolder) return;
  yield* diffBelow({ ...sides, before: oldFolder, after: newFolder, depth: sides.depth + 1 }, path);
}

/** True if two entries of one name hold the same. */
export function sameEntry(a: TreeEntry, b: TreeEntry): boolean {
  if (a.kind === 'file') return b.kind === 'file' && a.id === b.id && a.executable === b.executable;
  if (a.kind === 'symlink') return b.kind === 'symlink' && a.target === b.target;
  return b.kind === 'directory' && a.id === b.id;
}

/** Moves both on until each stands before an entry or its end, skipping nodes that are the same. */
function alignWalkers(left: Walker, right: Walker): void {
  for (;;) {
    const a = left.node;
    const b = right.node;
    if (a && b && a.entry.id === b.entry.id) {
      left.skip();
      right.skip();
    } else if (a && (!b || a.level >= b.level)) {
      left.descend();
    } else if (b) {
      right.descend();
    } else {
      return;
    }
  }
}

interface Waiting {
  /** Level of the node that the entry stands for. */
  level: number;
  entry: InnerEntry;
}

/** Walks the entries of one directory; stands before a node not read yet, before an entry, or at the end. */
class Walker {
  readonly #tree: TreeRef | undefined;
  readonly #nodes: Waiting[] = [];
  #entries: readonly TreeEntry[] = [];
  #at = 0;

  constructor(tree: TreeRef | undefined) {
    this.#tree = tree;
    if (tree) this.#take(readNode(tree));
  }

  /** The entry that it stands before. */
  get entry(): TreeEntry | undefined {
    return this.#entries[this.#at];
  }

  /** The unread node that it stands before. */
  get node(): Waiting | undefined {
    return this.entry ? undefined : this.#nodes.at(-1);
  }

  next(): void {
    this.#at += 1;
  }

  skip(): void {
    this.#nodes.pop();
  }

  descend(): void {
    const waiting = this.#nodes.pop()!;
    this.#take(readChild(this.#tree!, waiting.level + 1, waiting.entry));
  }

  #take(node: TreeNode): void {
    if ('children' in node) {
      const level = node.level - 1;
      for (const entry of [...node.children].reverse()) this.#nodes.push({ level, entry });
    } else {
      this.#entries = node.entries;
      this.#at = 0;
    }
  }
}

function joined(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}/${name}`;
}
