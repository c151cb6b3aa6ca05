import { lstatSync, type Stats } from 'node:fs';
import type { Call } from '../base/call.js';
import { systemErrorCode } from '../base/errors.js';
import type { AbsPath, RepoPath } from '../base/paths.js';
import { Workspace } from '../project/workspace.js';
import { textOfBytes } from '../base/byte-text.js';
import { bytePath, bytesOfText, fsPath, joinBytes, type BytePath } from '../tracking/byte-path.js';
import { IGNORE_FILE, isAlwaysIgnored } from '../tracking/ignore/ignore-rules.js';
import { decision, type Decision } from '../tracking/ignore/rules-above.js';
import { looksLikePointer } from '../tracking/pointers/pointer-file.js';

export interface IgnoreCheckInput {
  /** As they were typed; they need not exist. One with a slash at its end is a folder. */
  paths: readonly string[];
}

/** A line of an `.ocrignore`. */
export interface ShownRule {
  file: string;
  line: number;
  pattern: string;
  /** It keeps what an earlier line leaves out. */
  negated: boolean;
}

export interface CheckedPath {
  path: string;
  /** True if tracking a folder above the path leaves it out. */
  ignored: boolean;
  /**
   * Why: a rule; a folder of git or ocrpipe; a temporary name of ocrpipe; a pointer, which is no part of the data. Absent where
   * nothing says anything of the path.
   */
  reason?: 'rule' | 'own-folder' | 'temporary' | 'pointer';
  /** The folder above the path that is left out with all that is in it. */
  above?: string;
  /** Of the reason `rule`; a negated one keeps the path. */
  rule?: ShownRule;
}

/** Says of each path which rule leaves it out of tracked folders, or that nothing does. */
export function ignoreCheck({ paths }: IgnoreCheckInput, call: Call): CheckedPath[] {
  const workspace = Workspace.open(call, 'ocrpipe ignore check');
  return paths.map((typed) => checkPath(workspace.root, workspace.path(typed), typed.endsWith('/')));
}

function checkPath(root: AbsPath, typed: RepoPath, asFolder: boolean): CheckedPath {
  const path = meantPath(root, typed);
  const stat = statOf(root, path);
  const shown = textOfBytes(path);
  const own = ownPart(path);
  if (own !== undefined) return leftOut(shown, own);
  if (path === '.') return { path: shown, ignored: false };
  const found = decision(root, path, asFolder || stat?.isDirectory() === true);
  if (found !== undefined) return byRule(shown, found);
  return stat?.isFile() === true && looksLikePointer(joinBytes(bytePath(root), path), stat.size)
    ? { path: shown, ignored: true, reason: 'pointer' }
    : { path: shown, ignored: false };
}

/** A name that is not UTF-8 is typed as it is shown, with escapes. */
function meantPath(root: AbsPath, typed: RepoPath): BytePath {
  const plain = bytePath(typed);
  return statOf(root, plain) === undefined ? bytesOfText(typed) : plain;
}

function statOf(root: AbsPath, path: BytePath): Stats | undefined {
  try {
    return lstatSync(fsPath(joinBytes(bytePath(root), path)), { throwIfNoEntry: false });
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

/** The first part of a path that tracking never takes up, and the path to it. */
function ownPart(path: BytePath): { at: string; reason: 'own-folder' | 'temporary' } | undefined {
  const parts = path.split('/');
  const index = parts.findIndex(isAlwaysIgnored);
  if (index === -1) return undefined;
  const reason = parts[index]!.toLowerCase().startsWith('.ocrpipe-') ? 'temporary' : 'own-folder';
  return { at: textOfBytes(parts.slice(0, index + 1).join('/')), reason };
}

function leftOut(
  path: string,
  { at, reason }: { at: string; reason: 'own-folder' | 'temporary' },
): CheckedPath {
  return { path, ignored: true, reason, ...(at !== path && { above: at }) };
}

function byRule(path: string, { path: at, rule }: Decision): CheckedPath {
  const { folder, pattern } = rule;
  const above = textOfBytes(at);
  return {
    path,
    ignored: !pattern.negated,
    reason: 'rule',
    ...(above !== path && { above }),
    rule: {
      file: textOfBytes(joinBytes(folder, IGNORE_FILE)),
      line: pattern.line,
      pattern: textOfBytes(pattern.text),
      negated: pattern.negated,
    },
  };
}
