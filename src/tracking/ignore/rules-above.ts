import type { AbsPath, RepoPath } from '../../base/paths.js';
import { bytePath, joinBytes, type BytePath } from '../byte-path.js';
import { IGNORE_FILE, IgnoreRules, type DecidingRule } from './ignore-rules.js';

/** The ignore rules that hold where `relative` stands: of the root and every folder above it. */
export function rulesAbove(root: BytePath, relative: BytePath): IgnoreRules {
  if (relative === '') return IgnoreRules.none;
  return prefixesOf(relative)
    .slice(0, -1)
    .reduce((rules, folder) => enter(rules, root, folder), enter(IgnoreRules.none, root, '' as BytePath));
}

/** True if a folder above `path` has ignore rules. */
export function hasRulesAbove(root: AbsPath, path: RepoPath): boolean {
  return !rulesAbove(bytePath(root), bytePath(path)).empty;
}

/** What the rules say of a path. */
export interface Decision {
  /** The path itself, or a folder above it that is left out with all that is in it. */
  path: BytePath;
  /** A negated one keeps the path. */
  rule: DecidingRule;
}

/** The rule that decides about a path (relative to the workspace root), nothing of which need exist; undefined if none does. */
export function decision(root: AbsPath, relative: BytePath, isFolder: boolean): Decision | undefined {
  const top = bytePath(root);
  let rules = enter(IgnoreRules.none, top, '' as BytePath);
  for (const path of prefixesOf(relative)) {
    const isLast = path === relative;
    const rule = rules.rule(path, isFolder || !isLast);
    // Nothing in a folder that is left out can be brought back.
    if (rule && (isLast || !rule.pattern.negated)) return { path, rule };
    if (!isLast) rules = enter(rules, top, path);
  }
  return undefined;
}

/** True if the rules leave out `path` itself: it, or a folder above it. */
export function isIgnored(root: AbsPath, path: RepoPath, isFolder: boolean): boolean {
  return decision(root, bytePath(path), isFolder)?.rule.pattern.negated === false;
}

function enter(rules: IgnoreRules, root: BytePath, folder: BytePath): IgnoreRules {
  return rules.enter(folder === '' ? root : joinBytes(root, folder), IGNORE_FILE, folder);
}

/** The folders above a path, the uppermost first, and the path itself. */
function prefixesOf(path: BytePath): BytePath[] {
  const parts = path.split('/');
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/') as BytePath);
}
