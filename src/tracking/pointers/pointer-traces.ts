import type { AbsPath, RepoPath } from '../../base/paths.js';
import { gitignoreEntry, gitignoreLines, gitignoreOf } from '../ignore/gitignore.js';
import { bytePath } from '../byte-path.js';
import { memoryFolder } from '../memory-folder.js';
import { LastPut } from './last-put.js';

/**
 * What else than its pointer tells that a path is tracked: what is remembered of it on this machine, and the entry that `add` wrote
 * beside it into `.gitignore`. A file named like its pointer is then the pointer, or stands in its place, whatever it holds.
 */
export class PointerTraces {
  readonly #root: AbsPath;
  readonly #lastPut: LastPut;
  /** The `.gitignore` that was read last: paths are asked for folder by folder. */
  #ignored: { file: RepoPath; lines: ReadonlySet<string> } | undefined;

  constructor(root: AbsPath) {
    this.#root = root;
    this.#lastPut = LastPut.of(memoryFolder(root));
  }

  has(path: RepoPath): boolean {
    return this.#linesBeside(path).has(bytePath(gitignoreEntry(path))) || this.#isRemembered(path);
  }

  #isRemembered(path: RepoPath): boolean {
    const { put, begun } = this.#lastPut.read(path);
    return (put ?? begun) !== undefined;
  }

  #linesBeside(path: RepoPath): ReadonlySet<string> {
    const file = gitignoreOf(path);
    if (this.#ignored?.file !== file) {
      this.#ignored = { file, lines: new Set(gitignoreLines(this.#root, file)) };
    }
    return this.#ignored.lines;
  }
}
