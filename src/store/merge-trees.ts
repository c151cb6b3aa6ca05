import type { ByteName } from './byte-name.js';
import { sameEntry } from './tree-diff.js';
import { TreeBuilder, type NodeSink, type TreeSummary } from './tree-builder.js';
import type { DirectoryEntry, TreeEntry } from './tree-format.js';
import { directoryIn, findEntry, treeEntries, WalkLimits, type TreeRef } from './tree-reader.js';

/** The same thing in two states and in the one that both came from, where there is one. */
export interface Sides<T> {
  base?: T | undefined;
  ours?: T | undefined;
  theirs?: T | undefined;
}

/** A name that both sides changed, each in its own way. */
export interface EntryConflict extends Sides<TreeEntry> {
  /** Below the merged directory: raw bytes as latin1, '/'-separated. */
  path: string;
}

/**
 * What stands for a name in conflict: one side of it, or with `union` all that either side has: what one side deleted stays, and of two
 * versions that of theirs gets another name (`a.txt` -> `a~theirs.txt`).
 */
export type Favour = 'base' | 'ours' | 'theirs' | 'union';

export interface MergeHow {
  put: NodeSink;
  favour: (conflict: EntryConflict) => Favour;
  /** Each difference between the two sides is a conflict, and `base` is not looked at. */
  everyDifference?: boolean;
}

export interface MergedTree {
  tree: TreeSummary;
  /** In the order of a walk. */
  conflicts: EntryConflict[];
}

/**
 * The three-way merge of directories, path by path: what one side alone changed is taken from it, and of a file the bytes and the
 * executable bit each for themselves. A conflict is a path that both changed differently, and a name that stands for a file on one side and
 * for a folder on the other. Folders that are the same on two sides are not looked into; the others cost what they hold. Throws
 * what `readNode` throws. `put` gets every node of the result.
 */
export function mergeTrees(trees: Sides<TreeRef>, how: MergeHow): MergedTree {
  const merge = new TreeMerge(how);
  const { tree } = merge.directory({ trees, prefix: '', depth: 0 });
  return { tree, conflicts: [...merge.conflicts.values()] };
}

/** The three directories of one path. */
interface Place {
  trees: Sides<TreeRef>;
  prefix: string;
  depth: number;
}

/** What stands for one name. */
type Named = Sides<TreeEntry> & { path: string };

const SIDES = ['base', 'ours', 'theirs'] as const;
const CONFLICT = Symbol('conflict');

class TreeMerge {
  readonly conflicts = new Map<string, EntryConflict>();
  readonly #how: MergeHow;
  readonly #limits = new WalkLimits();

  constructor(how: MergeHow) {
    this.#how = how;
  }

  directory(place: Place): { tree: TreeSummary; isEmpty: boolean } {
    const { ours, theirs } = place.trees;
    this.#limits.enter((ours ?? theirs)!, place.depth);
    const builder = new TreeBuilder(this.#how.put);
    /** Versions under another name: they come later in the order, each before what is greater. */
    const later: TreeEntry[] = [];
    let isEmpty = true;
    for (const sides of entriesByName(place)) {
      const name = (sides.ours ?? sides.theirs ?? sides.base)!.name;
      while (later[0] && later[0].name < name) builder.add(later.shift()!);
      const [entry, copy] = this.#entry(sides, place);
      if (entry) builder.add(entry);
      if (entry) isEmpty = false;
      if (copy) later.push(copy);
      later.sort((a, b) => (a.name < b.name ? -1 : 1));
    }
    for (const entry of later) builder.add(entry);
    return { tree: builder.finish(), isEmpty };
  }

  /** What stands for a name in the result, and with `union` the other version of it. */
  #entry(sides: Named, place: Place): [entry?: TreeEntry | undefined, copy?: TreeEntry] {
    const plain = this.#plain(sides);
    if (plain !== CONFLICT) return [plain];
    const leaf = this.#leaf(sides, place);
    const folder = this.#folder(sides, place);
    if (leaf[0] === undefined || folder === undefined) return leaf[0] === undefined ? [folder] : leaf;
    return this.#choose(sides, place);
  }

  /** What is the same on both sides, or was changed on one. */
  #plain({ base, ours, theirs }: Sides<TreeEntry>): TreeEntry | undefined | typeof CONFLICT {
    if (same(ours, theirs)) return ours;
    if (this.#how.everyDifference === true) return CONFLICT;
    if (same(base, ours)) return theirs;
    return same(base, theirs) ? ours : CONFLICT;
  }

  /** The file or link of the name, where folders count as nothing. */
  #leaf(sides: Named, place: Place): [entry?: TreeEntry | undefined, copy?: TreeEntry] {
    const [base, ours, theirs] = SIDES.map((side) => leafOf(sides[side]));
    const plain = this.#plain({ base, ours, theirs });
    if (plain !== CONFLICT) return [plain];
    const merged = this.#how.everyDifference === true ? undefined : mergeFiles({ base, ours, theirs });
    return merged ? [merged] : this.#choose({ path: sides.path, base, ours, theirs }, place);
  }

  /** The folder of the name, where files count as an empty one. */
  #folder(sides: Named, { trees, depth }: Place): TreeEntry | undefined {
    const [base, ours, theirs] = SIDES.map((side) => folderOf(trees[side], sides[side]));
    const kept = this.#plain({ base: base?.entry, ours: ours?.entry, theirs: theirs?.entry });
    if (kept !== CONFLICT) return kept;
    const below = { base: base?.tree, ours: ours?.tree, theirs: theirs?.tree };
    const { tree, isEmpty } = this.directory({ trees: below, prefix: sides.path, depth: depth + 1 });
    if (isEmpty && !(ours && theirs)) return undefined;
    return { kind: 'directory', name: (ours ?? theirs)!.entry.name, ...tree };
  }

  #choose(sides: Named, place: Place): [entry?: TreeEntry | undefined, copy?: TreeEntry] {
    const conflict = this.conflicts.get(sides.path) ?? withoutAbsent(sides);
    this.conflicts.set(sides.path, conflict);
    const favour = this.#how.favour(conflict);
    const { ours, theirs } = sides;
    if (favour !== 'union') return [sides[favour]];
    if (!ours || !theirs) return [ours ?? theirs];
    return [ours, { ...theirs, name: this.#freeName(theirs.name, place.trees) }];
  }

  #freeName(name: ByteName, trees: Sides<TreeRef>): ByteName {
    const known = SIDES.flatMap((side) => trees[side] ?? []);
    for (let number = 1; ; number += 1) {
      const free = otherName(name, number === 1 ? '~theirs' : `~theirs${number}`);
      if (!known.some((tree) => findEntry(tree, free))) return free;
    }
  }
}

/** All names of three directories in order, each with what it stands for in each. */
function* entriesByName({ trees, prefix }: Place): Generator<Named> {
  const streams = SIDES.map((side) => (trees[side] ? treeEntries(trees[side]) : undefined));
  const heads = streams.map(nextOf);
  for (;;) {
    const names = heads.flatMap((head) => head?.name ?? []);
    const [first] = names;
    if (first === undefined) return;
    const name = names.reduce((least, each) => (each < least ? each : least), first);
    const [base, ours, theirs] = heads.map((head) => (head?.name === name ? head : undefined));
    heads.forEach((head, at) => {
      if (head?.name === name) heads[at] = nextOf(streams[at]);
    });
    yield { path: prefix === '' ? name : `${prefix}/${name}`, base, ours, theirs };
  }
}

function nextOf(stream: Generator<TreeEntry> | undefined): TreeEntry | undefined {
  const next = stream?.next();
  return next?.done === false ? next.value : undefined;
}

function same(a: TreeEntry | undefined, b: TreeEntry | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameEntry(a, b);
}

function leafOf(entry: TreeEntry | undefined): TreeEntry | undefined {
  return entry?.kind === 'directory' ? undefined : entry;
}

function folderOf(
  tree: TreeRef | undefined,
  entry: TreeEntry | undefined,
): { tree: TreeRef; entry: DirectoryEntry } | undefined {
  return tree && entry?.kind === 'directory' ? { tree: directoryIn(tree, entry), entry } : undefined;
}

/** A file of which one side changed the bytes and the other the executable bit. */
function mergeFiles({ base, ours, theirs }: Sides<TreeEntry>): TreeEntry | undefined {
  if (base?.kind !== 'file' || ours?.kind !== 'file' || theirs?.kind !== 'file') return undefined;
  const bytes = base.id === ours.id ? theirs : base.id === theirs.id ? ours : undefined;
  if (ours.id === theirs.id || bytes) {
    const executable = base.executable === ours.executable ? theirs.executable : ours.executable;
    return { ...(bytes ?? ours), executable };
  }
  return undefined;
}

function withoutAbsent({ path, ...sides }: Named): EntryConflict {
  return { path, ...Object.fromEntries(Object.entries(sides).filter(([, entry]) => entry !== undefined)) };
}

/** `a.txt` -> `a~theirs.txt`: a name that comes after the first. */
function otherName(name: string, mark: string): ByteName {
  const dot = name.lastIndexOf('.');
  const at = dot > 0 ? dot : name.length;
  return `${name.slice(0, at)}${mark}${name.slice(at)}` as ByteName;
}
