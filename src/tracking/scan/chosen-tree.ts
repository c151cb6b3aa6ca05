import type { Stats } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { byteName, type ByteName } from '../../store/byte-name.js';
import { TreeBuilder, type TreeSummary } from '../../store/tree-builder.js';
import type { TreeEntry } from '../../store/tree-format.js';
import { bytePath, fsPath, joinBytes, type BytePath } from '../byte-path.js';
import type { FileChoice } from '../file-choice.js';
import { IGNORE_FILE, IgnoreRules, isAlwaysIgnored } from '../ignore/ignore-rules.js';
import { rulesAbove } from '../ignore/rules-above.js';
import type { CallOptions } from '../workspace-files.js';
import { FollowedLinks } from './followed-links.js';
import { refuseTooDeep, statAt, targetOf } from './look.js';
import { lookAtNames } from './look-in-folder.js';
import type { ScanSink } from './sinks.js';
import { scanWithoutRules, type ScanContext } from './snapshot.js';
import { whatStandsAt } from './what-stands-at.js';

const POINTER_SUFFIX = '.ocr';
/** Signals are heard after so many files. */
const FILES_PER_BREATH = 256;

/**
 * The chosen files below a folder as one tree, each hashed through the stat index; folders without any are left out. The same
 * rules leave files out as in a scan of the whole folder, and a link counts as what it leads to in the workspace. Undefined if no file is
 * there that was chosen.
 */
export async function scanChosen(
  context: ScanContext,
  folder: BytePath,
  choice: FileChoice,
  how: { sink: ScanSink; options: CallOptions },
): Promise<TreeSummary | undefined> {
  return new ChosenScan(context, folder, how).run(choice);
}

interface Named {
  path: BytePath;
  name: ByteName;
}

/** What is meant of a name: itself if it is a file, some of what is in it if it is a folder. */
interface Chosen {
  taken: boolean;
  inner: FileChoice | undefined;
  rules: IgnoreRules;
}

class ChosenScan {
  readonly #context: ScanContext;
  readonly #top: BytePath;
  readonly #root: BytePath;
  readonly #how: { sink: ScanSink; options: CallOptions };
  readonly #links: FollowedLinks;
  #files = 0;

  constructor(context: ScanContext, top: BytePath, how: { sink: ScanSink; options: CallOptions }) {
    this.#context = context;
    this.#top = top;
    this.#root = bytePath(context.root);
    this.#how = how;
    this.#links = new FollowedLinks(this.#root);
  }

  run(choice: FileChoice): Promise<TreeSummary | undefined> {
    return this.#folder(this.#top, choice, rulesAbove(this.#root, this.#top));
  }

  /** Undefined if nothing in it was chosen. */
  async #folder(folder: BytePath, choice: FileChoice, above: IgnoreRules): Promise<TreeSummary | undefined> {
    refuseTooDeep(folder, this.#top);
    const absolute = folder === '' ? this.#root : joinBytes(this.#root, folder);
    const rules = above.enter(absolute, IGNORE_FILE, folder);
    const tree = new TreeBuilder(this.#how.sink.node);
    let count = 0;
    for (const [name, seen] of lookAtNames(absolute, (each) => !each.endsWith(POINTER_SUFFIX))) {
      const chosen = { taken: choice.takes(name), inner: choice.within(name), rules };
      if (isAlwaysIgnored(name) || (!chosen.taken && chosen.inner === undefined)) continue;
      const place = { path: joinBytes(folder, name), name: byteName(name), settledBefore: 0 };
      const { sink } = this.#how;
      const stat = whatStandsAt(place, { seen, rules }, { ...this.#context, root: this.#root, sink });
      if (stat === undefined || stat === 'ignored') continue;
      const entry = await this.#entry(place, stat, chosen);
      if (entry === undefined) continue;
      tree.add(entry);
      count += 1;
    }
    return count === 0 ? undefined : tree.finish();
  }

  async #entry(place: Named, stat: Stats | 'file', chosen: Chosen): Promise<TreeEntry | undefined> {
    const { taken, inner, rules } = chosen;
    const { path, name } = place;
    if (stat === 'file' || stat.isFile()) return taken ? this.#file(path, name) : undefined;
    if (stat.isDirectory()) return inner && directoryEntry(name, await this.#folder(path, inner, rules));
    const behind = this.#links.behind(joinBytes(this.#root, path), path);
    if (behind === undefined) return taken ? this.#link(place) : undefined;
    if (behind.stat.isFile()) return taken ? this.#file(behind.path, name) : undefined;
    if (inner === undefined) return undefined;
    this.#links.enter(behind.path);
    const tree = await this.#folder(behind.path, inner, IgnoreRules.none);
    this.#links.leave();
    return directoryEntry(name, tree);
  }

  async #file(path: BytePath, name: ByteName): Promise<TreeEntry | undefined> {
    const { sink, options } = this.#how;
    this.#files += 1;
    if (this.#files % FILES_PER_BREATH === 0) {
      await setImmediate();
      options.signal?.throwIfAborted();
    }
    const found = await scanWithoutRules(this.#context, path, sink, options);
    if (found?.kind !== 'file') return undefined;
    const { id, size, executable = false } = found;
    return { kind: 'file', name, executable, size, id };
  }

  /** A link that leads nowhere, or out of the workspace, stands for itself. */
  #link({ path, name }: Named): TreeEntry | undefined {
    const absolute = joinBytes(this.#root, path);
    const target = statAt(fsPath(absolute))?.isSymbolicLink() === true ? targetOf(absolute) : undefined;
    return target === undefined ? undefined : { kind: 'symlink', name, target };
  }
}

function directoryEntry(name: ByteName, tree: TreeSummary | undefined): TreeEntry | undefined {
  return tree && { kind: 'directory', name, ...tree };
}
