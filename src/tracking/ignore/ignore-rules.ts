import { lstatSync, type Stats } from 'node:fs';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { systemErrorCode } from '../../base/errors.js';
import { readRegularFile } from '../../base/regular-file.js';
import { TEMPORARY_PREFIX } from '../../base/atomic-file.js';
import { fsPath, joinBytes, type BytePath } from '../byte-path.js';
import { parseIgnoreFile, type IgnorePattern } from './ignore-file.js';

/** What people name what tracking leaves out in. */
export const IGNORE_FILE = '.ocrignore';

const NEVER_TRACKED = new Set(['.git', '.ocrstore']);
const MAX_RULES_BYTES = 16 * 1024 * 1024;

/** True for names that tracking passes over wherever they stand: git's and ocrpipe's own. */
export function isAlwaysIgnored(name: string): boolean {
  return (name.length <= 9 && NEVER_TRACKED.has(name.toLowerCase())) || name.startsWith(TEMPORARY_PREFIX);
}

/** A line that decides about a path, and the file that it stands in. */
export interface DecidingRule {
  /** The folder of that file, as it was entered. */
  folder: BytePath;
  pattern: IgnorePattern;
}

/**
 * The rules that hold in one folder: those of its own file (`.ocrignore` or `.gitignore`, gitignore syntax) before those of
 * the folders above. Folders are entered from the top down and an ignored one is never entered, so a rule can not bring
 * back what lies below an ignored folder, as in git.
 */
export class IgnoreRules {
  /** The last line first. */
  readonly #own: readonly IgnorePattern[];
  readonly #folder: BytePath;
  readonly #above: IgnoreRules | undefined;

  /** Rules with the same key leave out the same paths. */
  readonly key: ContentId;

  private constructor(folder: BytePath, text?: string, above?: IgnoreRules) {
    this.#folder = folder;
    this.#own = text === undefined ? [] : parseIgnoreFile(text).reverse();
    this.#above = above;
    this.key = contentIdOf(JSON.stringify([above?.key, folder, text]));
  }

  /** No rules at all. */
  static readonly none = new IgnoreRules('' as BytePath);

  /**
   * The rules in one more folder, a child of the folder of these rules (or where they begin). `absolute` is where it stands
   * on this machine; `folder` is how the paths that will be asked for begin.
   */
  enter(absolute: BytePath, fileName: string, folder: BytePath): IgnoreRules {
    const text = readRules(joinBytes(absolute, fileName));
    return text === undefined ? this : new IgnoreRules(folder, text, this);
  }

  /** True if the rules leave out `path`, which stands below the folder of these rules. */
  ignores(path: BytePath, isFolder: boolean): boolean {
    const pattern = this.rule(path, isFolder)?.pattern;
    return pattern !== undefined && !pattern.negated;
  }

  /**
   * The line that decides whether `path`, which stands below the folder of these rules, is left out: the last one that matches in
   * the nearest file in which any does. Undefined if none does.
   */
  rule(path: BytePath, isFolder: boolean): DecidingRule | undefined {
    if (this.#own.length > 0) {
      const below = this.#folder === '' ? path : path.slice(this.#folder.length + 1);
      const name = below.slice(below.lastIndexOf('/') + 1);
      const pattern = this.#own.find(
        (each) => (isFolder || !each.folders) && each.matches(each.nameOnly ? name : below),
      );
      if (pattern) return { folder: this.#folder, pattern };
    }
    return this.#above?.rule(path, isFolder);
  }

  /** True if nothing is ever ignored: callers skip the question for each name. */
  get empty(): boolean {
    return this.#own.length === 0 && (this.#above?.empty ?? true);
  }
}

function readRules(file: BytePath): string | undefined {
  const path = fsPath(file);
  const stat = statOf(path);
  return stat?.isFile() === true && stat.size <= MAX_RULES_BYTES
    ? readRegularFile(path).toString('latin1')
    : undefined;
}

/** No rules are where a folder's path is as long as paths can be, where none is, or in one that may not be entered. */
function statOf(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (['ENAMETOOLONG', 'ENOTDIR', 'EACCES'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
}
