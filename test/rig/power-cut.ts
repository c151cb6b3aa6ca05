import {
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { contentIdOf } from '../../src/base/content-id.js';
import { watchChanges, type FileChange } from './watched-files.js';

interface File {
  kind: 'file';
  bytes: Buffer;
  /** What was flushed last: all that a power cut leaves. */
  flushed: Buffer;
}
interface Folder {
  kind: 'folder';
  names: Map<string, Node>;
  flushed: Map<string, Node>;
}
interface Link {
  kind: 'link';
  target: string;
}
type Node = File | Folder | Link;

/** What a power cut may leave of a folder: contents by path; null is an empty folder. */
export type Remains = ReadonlyMap<string, Buffer | { link: string } | null>;

/**
 * The folder `root` on a disk that keeps in memory what was not flushed: the bytes of a file until its own fsync, the names of a
 * folder until that of the folder. Follows the calls of this process while `work` runs.
 */
export class UnreliableDisk {
  readonly #root: string;
  readonly #top: Folder;
  readonly #open = new Map<number, { node: Node; position: number }>();
  readonly #seen = new Set<string>();
  readonly #remains: Remains[] = [];

  constructor(root: string) {
    this.#root = root;
    this.#top = loaded(root) as Folder;
  }

  /** Runs `work`; `ignore` tells of flushes that never reached the disk. Call it again for what follows. */
  async run(work: () => unknown, ignore: (path: string) => boolean = () => false): Promise<void> {
    const stop = watchChanges(
      () => undefined,
      (change, result) => {
        if (change.call === 'fsyncSync' && ignore(change.paths[0] ?? '')) return;
        this.#apply(change, result);
        this.#note();
      },
    );
    try {
      await work();
    } finally {
      stop();
    }
  }

  /** Everything different that a power cut at any moment could have left, in the order of the moments. */
  get remains(): readonly Remains[] {
    return this.#remains;
  }

  #note(): void {
    for (const left of this.mixtures()) {
      const key = contentIdOf([...left].map(([path, each]) => `${path}\0${describe(each)}`).join('\n'));
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      this.#remains.push(left);
    }
  }

  /**
   * What a cut now could leave. The names of a folder may be those of its last flush or the newest, in each folder on its own; of
   * a file whose bytes were not flushed nothing is there. Of the many mixtures: all names old, all new, those of one folder new.
   */
  mixtures(): Remains[] {
    const changed = this.#changedFolders(this.#top);
    const mixtures: ((folder: Folder) => boolean)[] = [() => false, () => true];
    for (const one of changed) mixtures.push((folder) => folder === one);
    return mixtures.map((isNew) => {
      const left = new Map<string, Buffer | { link: string } | null>();
      collect(this.#top, { path: '', isNew, left });
      return left;
    });
  }

  #changedFolders(folder: Folder): Folder[] {
    const below = [...folder.names.values()].filter((node) => node.kind === 'folder');
    const own =
      [...folder.names].length !== folder.flushed.size ||
      [...folder.names].some(([name, node]) => folder.flushed.get(name) !== node);
    return [...(own ? [folder] : []), ...below.flatMap((each) => this.#changedFolders(each))];
  }

  #apply({ call, paths, args }: FileChange, result: unknown): void {
    const [path = '', other = ''] = paths;
    if (!this.#isInside(path) && !this.#isInside(other)) return;
    switch (call) {
      case 'openSync':
        this.#opened(path, args[1], result as number);
        break;
      case 'writeSync':
        this.#written(args[0] as number, args.slice(1), result as number);
        break;
      case 'fsyncSync':
        flush(this.#open.get(args[0] as number)?.node ?? this.#at(path));
        break;
      case 'syncfs':
        flushBelow(this.#top);
        break;
      case 'closeSync':
        this.#open.delete(args[0] as number);
        break;
      case 'renameSync':
      case 'rename':
        this.#renamed(path, other);
        break;
      case 'linkSync':
        this.#folder(other).names.set(basename(other), this.#at(path)!);
        break;
      case 'symlinkSync':
        this.#folder(other).names.set(basename(other), { kind: 'link', target: path });
        break;
      case 'copyFile':
      case 'copyFileSync':
        this.#folder(other).names.set(basename(other), newFile(readFileSync(other)));
        break;
      case 'mkdirSync':
        this.#made(path);
        break;
      case 'unlinkSync':
      case 'rmdirSync':
      case 'rmSync':
      case 'rm':
      case 'unlink':
        this.#parent(path)?.names.delete(basename(path));
    }
  }

  #isInside(path: string): boolean {
    return path === this.#root || path.startsWith(`${this.#root}/`);
  }

  #at(path: string): Node | undefined {
    let node: Node | undefined = this.#top;
    for (const name of relative(this.#root, path).split('/').filter(Boolean)) {
      if (node?.kind !== 'folder') return undefined;
      node = node.names.get(name);
    }
    return node;
  }

  #parent(path: string): Folder | undefined {
    const node = this.#at(dirname(path));
    return node?.kind === 'folder' ? node : undefined;
  }

  #folder(path: string): Folder {
    const folder = this.#parent(path);
    if (!folder) throw new Error(`nobody saw the folder of ${path} being made`);
    return folder;
  }

  #opened(path: string, flags: unknown, fd: number): void {
    const creates =
      typeof flags === 'number' ? (flags & constants.O_CREAT) !== 0 : /[wa]/.test(String(flags));
    const node = this.#at(path) ?? (creates ? newFile(Buffer.alloc(0)) : undefined);
    if (!node) return;
    if (!this.#at(path)) this.#folder(path).names.set(basename(path), node);
    if (node.kind === 'file' && String(flags).startsWith('w')) node.bytes = Buffer.alloc(0);
    this.#open.set(fd, { node, position: 0 });
  }

  #written(fd: number, [data, offset = 0]: unknown[], count: number): void {
    const open = this.#open.get(fd);
    if (open?.node.kind !== 'file') return;
    const from = Buffer.from(data as Uint8Array).subarray(Number(offset), Number(offset) + count);
    open.node.bytes = Buffer.concat([open.node.bytes.subarray(0, open.position), from]);
    open.position += count;
  }

  #renamed(from: string, to: string): void {
    const node = this.#at(from);
    if (!node) return;
    this.#folder(to).names.set(basename(to), node);
    this.#folder(from).names.delete(basename(from));
  }

  #made(path: string): void {
    if (this.#at(path)) return;
    if (!this.#parent(path)) this.#made(dirname(path));
    this.#folder(path).names.set(basename(path), { kind: 'folder', names: new Map(), flushed: new Map() });
  }
}

function newFile(bytes: Buffer): File {
  return { kind: 'file', bytes, flushed: Buffer.alloc(0) };
}

function flush(node: Node | undefined): void {
  if (node?.kind === 'file') node.flushed = node.bytes;
  else if (node?.kind === 'folder') node.flushed = new Map(node.names);
}

function flushBelow(node: Node): void {
  flush(node);
  if (node.kind === 'folder') for (const each of node.names.values()) flushBelow(each);
}

/** A folder as it is on the disk, all of it flushed. */
function loaded(path: string): Node {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) };
  if (!stat.isDirectory()) {
    const bytes = readFileSync(path);
    return { kind: 'file', bytes, flushed: bytes };
  }
  const names = new Map(readdirSync(path).map((name) => [name, loaded(join(path, name))]));
  return { kind: 'folder', names, flushed: new Map(names) };
}

function collect(
  folder: Folder,
  to: {
    path: string;
    isNew: (folder: Folder) => boolean;
    left: Map<string, Buffer | { link: string } | null>;
  },
): void {
  const names = to.isNew(folder) ? folder.names : folder.flushed;
  if (names.size === 0) to.left.set(to.path, null);
  for (const [name, node] of names) {
    const path = join(to.path, name);
    if (node.kind === 'folder') collect(node, { ...to, path });
    else to.left.set(path, node.kind === 'link' ? { link: node.target } : node.flushed);
  }
}

function describe(each: Buffer | { link: string } | null): string {
  if (each === null) return '';
  return Buffer.isBuffer(each) ? contentIdOf(each) : each.link;
}

/** Writes what a power cut left into a new folder. */
export function writeRemains(left: Remains, root: string): void {
  mkdirSync(root, { recursive: true });
  for (const [path, each] of left) {
    const target = join(root, path);
    mkdirSync(each === null ? target : dirname(target), { recursive: true });
    if (each === null) continue;
    if (Buffer.isBuffer(each)) writeFileSync(target, each);
    else symlinkSync(each.link, target);
    // Bits and times are not followed: objects are read-only.
    if (/\/(packs|objects|runs)\//.test(target) && Buffer.isBuffer(each)) chmodSync(target, 0o444);
  }
}
