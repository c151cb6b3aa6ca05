import { writeFileAtomic } from '../../base/atomic-file.js';
import { fromRepoPath } from '../../base/paths.js';
import { readTextIfThere } from '../../base/read-text.js';
import { stagingOf } from '../../tracking/staging.js';
import { LOCK_FILE } from '../definition/file-names.js';
import type { PipelineHost } from '../host.js';
import { formatLockFile, parseLockFile, withEntry, type LockEntry, type LockFile } from './lock-file.js';

/** pipeline.lock of a workspace. What is known of it is parsed again only when its bytes changed. */
export class LockStore {
  private known: { text: string; lock: LockFile } = { text: '', lock: new Map() };
  private readonly host: Pick<PipelineHost, 'root' | 'exclusively'>;

  constructor(host: Pick<PipelineHost, 'root' | 'exclusively'>) {
    this.host = host;
  }

  read(): LockFile {
    const text = this.text();
    if (text !== this.known.text) this.known = { text, lock: parseLockFile(text) };
    return this.known.lock;
  }

  /**
   * Replaces one stage's entry and drops those of stages not in `keep`. Stages that finish at once, in this process or
   * another, wait for each other, so that none loses the other's entry.
   */
  record(name: string, entry: LockEntry, keep: ReadonlySet<string>): Promise<void> {
    return this.host.exclusively('pipeline-lock', async () => {
      const lock = withEntry(this.read(), name, { entry, keep });
      const text = formatLockFile(lock);
      if (text !== this.known.text) this.write(text);
      this.known = { text, lock };
      await Promise.resolve();
    });
  }

  private text(): string {
    return readTextIfThere(this.host.root, LOCK_FILE) ?? '';
  }

  private write(text: string): void {
    writeFileAtomic(this.path(), text, { staging: stagingOf(this.host.root) });
  }

  private path(): string {
    return fromRepoPath(this.host.root, LOCK_FILE);
  }
}
