import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { fsPath, joinBytes, type BytePath } from '../byte-path.js';
import { isAlwaysIgnored } from '../ignore/ignore-rules.js';

/** Links behind links that are followed. */
const MAX_FOLLOWED = 16;

/** What a link leads to elsewhere in the workspace: a file or a folder. */
export interface BehindLink {
  /** Relative to the workspace root. */
  path: BytePath;
  stat: Stats;
}

/** Where links lead that a scan reads through. */
export class FollowedLinks {
  /** The workspace root on this machine. */
  readonly #root: BytePath;
  /** The folders behind links that are being scanned, outermost first. */
  readonly #entered: BytePath[] = [];

  constructor(root: BytePath) {
    this.#root = root;
  }

  /**
   * The file or folder elsewhere in the workspace that the link at `absolute` leads to, while `top` is scanned. Undefined
   * where the link stands for itself: what it leads to is scanned already (which also ends loops), is not there, or is
   * nothing to read.
   */
  behind(absolute: BytePath, top: BytePath): BehindLink | undefined {
    if (this.#entered.length >= MAX_FOLLOWED) return undefined;
    const path = realBelow(this.#root, absolute);
    if (path === undefined || path.split('/').some(isAlwaysIgnored)) return undefined;
    if ([top, ...this.#entered].some((scanned) => overlap(path, scanned))) return undefined;
    const stat = lstatSync(fsPath(joinBytes(this.#root, path)), { throwIfNoEntry: false });
    return stat && (stat.isFile() || stat.isDirectory()) ? { path, stat } : undefined;
  }

  /** Call before the folder behind a link is scanned, and `leave` after. */
  enter(folder: BytePath): void {
    this.#entered.push(folder);
  }

  leave(): void {
    this.#entered.pop();
  }
}

/** Where a path really is, below the root; undefined if nothing is there, or it is elsewhere. */
function realBelow(root: BytePath, path: BytePath): BytePath | undefined {
  try {
    const real = realpathSync.native(fsPath(path), 'latin1');
    return real.startsWith(`${root}/`) ? (real.slice(root.length + 1) as BytePath) : undefined;
  } catch {
    return undefined;
  }
}

/** True if one path is the other, or lies in it; '' is the root. */
function overlap(a: string, b: string): boolean {
  return a === b || a === '' || b === '' || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}
