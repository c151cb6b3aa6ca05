import { statSync } from 'node:fs';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { fromRepoPath } from '../../base/paths.js';
import { readTextIfThere } from '../../base/read-text.js';
import { stagingOf } from '../../tracking/staging.js';
import { LOCK_FILE } from '../definition/stage/file-names.js';
import type { PipelineHost } from '../host.js';
import {
  formatEntry,
  formatLockFile,
  parseLockFile,
  withEntry,
  type LockEntry,
  type LockFile,
} from './lock-file.js';

/** pipeline.lock of a workspace. What is known of it is parsed again only when its bytes changed. */
export class LockStore {
  private known: { text: string; lock: LockFile; stat: string } = { text: '', lock: new Map(), stat: '' };
  /** Blocks of entries: one stage is formatted when it finishes, not all of them. */
  private readonly blocks = new WeakMap<LockEntry, string>();
  private readonly host: Pick<PipelineHost, 'root' | 'exclusively'>;

  constructor(host: Pick<PipelineHost, 'root' | 'exclusively'>) {
    this.host = host;
  }

  read(): LockFile {
    const stat = this.stat();
    const text = readTextIfThere(this.host.root, LOCK_FILE) ?? '';
    if (text !== this.known.text) this.known = { text, lock: parseLockFile(text), stat };
    else this.known = { ...this.known, stat };
    return this.known.lock;
  }

  /** True if somebody else wrote the file since it was last read or written here. */
  isOutdated(): boolean {
    return this.stat() !== this.known.stat;
  }

  /**
   * Replaces one stage's entry and drops those of stages not in `keep`. Stages that finish at once, in this process or
   * another, wait for each other, so that none loses the other's entry.
   */
  record(name: string, entry: LockEntry, keep: ReadonlySet<string>): Promise<void> {
    return this.host.exclusively('pipeline-lock', async () => {
      const lock = withEntry(this.read(), name, { entry, keep });
      const text = formatLockFile(lock, (stage, each) => this.block(stage, each));
      if (text !== this.known.text) this.write(text);
      this.known = { text, lock, stat: this.stat() };
      await Promise.resolve();
    });
  }

  private block(stage: string, entry: LockEntry): string {
    const known = this.blocks.get(entry) ?? formatEntry(stage, entry);
    this.blocks.set(entry, known);
    return known;
  }

  private write(text: string): void {
    writeFileAtomic(this.path(), text, { staging: stagingOf(this.host.root) });
  }

  /** Another one for every state of the file. */
  private stat(): string {
    const stat = statSync(this.path(), { throwIfNoEntry: false, bigint: true });
    return stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
  }

  private path(): string {
    return fromRepoPath(this.host.root, LOCK_FILE);
  }
}
