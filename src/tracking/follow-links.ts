import { renameSync, rmSync, unlinkSync } from 'node:fs';
import { posix } from 'node:path';
import type { AbsPath, RepoPath } from '../base/paths.js';
import { writePoint } from '../base/write-points.js';
import { textOfBytes } from '../base/byte-text.js';
import { bytePath, fsPath, joinBytes, type BytePath } from './byte-path.js';
import { besideBytes } from './checkout/write-files.js';
import { CopyBehind } from './copy-behind.js';
import { IGNORE_FILE, isAlwaysIgnored, type IgnoreRules } from './ignore/ignore-rules.js';
import { rulesAbove } from './ignore/rules-above.js';
import { linkProblem } from './scan/links.js';
import { namesIn, statAt, targetOf } from './scan/look.js';
import type { StoreLinks } from './scan/store-links.js';
import type { CallOptions } from './workspace-files.js';

/** A link in the place of which a copy of what it led to stands now. */
export interface FollowedLink {
  /** In the workspace, as text. */
  path: string;
  /** Where it led on this machine. */
  from: string;
}

/**
 * Puts a copy of what it leads to in the place of `path`, if that is a link, and of each link below it that cannot be kept
 * because it leaves the directory, be it for the workspace or for elsewhere on this machine. Each is replaced whole or not at
 * all, and what it led to stays as it is. What is ignored is passed over, and links to files of the store. Throws `link-outside` for a link to nothing, to itself
 * or to a folder around it.
 */
export async function followLinks(
  { root, storeLinks }: { root: AbsPath; storeLinks: StoreLinks },
  path: RepoPath,
  { events, signal }: CallOptions = {},
): Promise<FollowedLink[]> {
  const key = `copy ${path}`;
  const shown = { any: false };
  const copies = new CopyBehind((files) => {
    signal?.throwIfAborted();
    shown.any = true;
    events?.({ type: 'progress', key, done: files, unit: 'files' });
  });
  try {
    const top = bytePath(path);
    const follower = { root: bytePath(root), storeLinks, top, copies, followed: [] };
    await follow(follower, top, rulesAbove(bytePath(root), top));
    return follower.followed;
  } finally {
    if (shown.any) events?.({ type: 'progress-end', key });
  }
}

interface Follower {
  root: BytePath;
  storeLinks: StoreLinks;
  top: BytePath;
  copies: CopyBehind;
  followed: FollowedLink[];
}

/** Looks at what stands at `path`, which no rule leaves out. */
async function follow(follower: Follower, path: BytePath, above: IgnoreRules): Promise<void> {
  const { root, storeLinks, top } = follower;
  const absolute = joinBytes(root, path);
  const stat = statAt(fsPath(absolute));
  if (stat?.isSymbolicLink() && !storeLinks.isSymlink(fsPath(absolute))) {
    const target = targetOf(absolute) ?? '';
    if (path === top || linkProblem(path.slice(top.length + 1), target) !== undefined)
      await replace(follower, path);
  }
  if (!stat?.isDirectory()) return;
  const rules = above.enter(absolute, IGNORE_FILE, path);
  for (const name of namesIn(absolute)) {
    if (isAlwaysIgnored(name)) continue;
    const isFolder = statAt(fsPath(joinBytes(absolute, name)))?.isDirectory() ?? false;
    const inside = joinBytes(path, name);
    if (!rules.ignores(inside, isFolder)) await follow(follower, inside, rules);
  }
}

async function replace({ root, copies, followed }: Follower, path: BytePath): Promise<void> {
  const link = joinBytes(root, path);
  const aside = besideBytes(link);
  try {
    const from = await copies.of(link, aside, posix.dirname(link) as BytePath);
    writePoint();
    // A folder cannot take the place of a link in one step.
    if (statAt(fsPath(aside))?.isDirectory()) unlinkSync(fsPath(link));
    renameSync(fsPath(aside), fsPath(link));
    followed.push({ path: textOfBytes(path), from: textOfBytes(from) });
  } finally {
    rmSync(fsPath(aside), { recursive: true, force: true });
  }
}
