import { lstatSync, type Stats } from 'node:fs';
import ignore, { type Ignore } from 'ignore';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { systemErrorCode } from '../../base/errors.js';
import { readRegularFile } from '../../base/regular-file.js';
import { TEMPORARY_PREFIX } from '../../base/atomic-file.js';
import { fsPath, joinBytes, textOfBytes, type BytePath } from '../byte-path.js';

/** What people name what tracking leaves out in. */
export const IGNORE_FILE = '.ocrignore';

const NEVER_TRACKED = new Set(['.git', '.ocrstore']);
const MAX_RULES_BYTES = 16 * 1024 * 1024;

/** True for names that tracking passes over wherever they stand: git's and ocrpipe's own. */
export function isAlwaysIgnored(name: string): boolean {
  return (name.length <= 9 && NEVER_TRACKED.has(name.toLowerCase())) || name.startsWith(TEMPORARY_PREFIX);
}

/**
 * The rules that hold in one folder: those of its own file (`.ocrignore` or `.gitignore`, gitignore syntax) before those of
 * the folders above. Folders are entered from the top down and an ignored one is never entered, so a rule can not bring
 * back what lies below an ignored folder, as in git.
 */
export class IgnoreRules {
  readonly #own: Ignore | undefined;
  readonly #folder: BytePath;
  readonly #above: IgnoreRules | undefined;

  /** Rules with the same key leave out the same paths. */
  readonly key: ContentId;

  private constructor(folder: BytePath, text?: string, above?: IgnoreRules) {
    this.#folder = folder;
    this.#own = text === undefined ? undefined : ignore({ ignorecase: false }).add(text);
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
    if (this.#own === undefined) return this.#above?.ignores(path, isFolder) ?? false;
    const inside = textOfBytes(this.#folder === '' ? path : path.slice(this.#folder.length + 1));
    const result = this.#own.test(isFolder ? `${inside}/` : inside);
    if (result.ignored) return true;
    return result.unignored ? false : (this.#above?.ignores(path, isFolder) ?? false);
  }

  /** True if nothing is ever ignored: callers skip the question for each name. */
  get empty(): boolean {
    return this.#own === undefined && this.#above === undefined;
  }
}

function readRules(file: BytePath): string | undefined {
  const path = fsPath(file);
  const stat = statOf(path);
  return stat?.isFile() === true && stat.size <= MAX_RULES_BYTES
    ? readRegularFile(path).toString('utf8')
    : undefined;
}

/** A folder whose path is as long as paths can be has no room for a file of rules. */
function statOf(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (systemErrorCode(error) === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}
