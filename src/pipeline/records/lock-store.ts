import { statSync } from 'node:fs';
import { writeFilesAtomic, type WholeFile } from '../../base/atomic-files.js';
import { fromRepoPath } from '../../base/paths.js';
import { readTextIfThere } from '../../base/read-text.js';
import { stagingOf } from '../../tracking/staging.js';
import type { PointedPath } from '../../tracking/workspace-files.js';
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

type Host = Pick<PipelineHost, 'root' | 'exclusively' | 'files'>;

/** The result of one stage, as it is to be named. */
export interface LockedResult {
  readonly name: string;
  readonly entry: LockEntry;
  /** Pointers that are written before the lock names the result. */
  readonly pointed: readonly PointedPath[];
  /** Stages whose entries stay. */
  readonly keep: ReadonlySet<string>;
  /** The lock is written after this. */
  readonly after?: Promise<unknown>;
}

interface Waiting {
  readonly result: LockedResult;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** pipeline.lock of a workspace. What is known of it is parsed again only when its bytes changed. */
export class LockStore {
  private known: { text: string; lock: LockFile; stat: string } = { text: '', lock: new Map(), stat: '' };
  /** Blocks of entries: one stage is formatted when it finishes, not all of them. */
  private readonly blocks = new WeakMap<LockEntry, string>();
  private readonly host: Host;
  /** Those who finished while others were being recorded. */
  private waiting: Waiting[] = [];
  private isRecording = false;

  constructor(host: Host) {
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
   * Writes pointers, then replaces one stage's entry and drops those of stages not in `keep`. Stages that finish at once, in this
   * process or another, wait for each other, so that none loses the other's entry; those of this process that finished meanwhile
   * are recorded together.
   */
  record(result: LockedResult): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ result, resolve, reject });
      void this.recordWaiting();
    });
  }

  private async recordWaiting(): Promise<void> {
    if (this.isRecording) return;
    this.isRecording = true;
    while (this.waiting.length > 0) await this.recordAll(this.waiting.splice(0));
    this.isRecording = false;
  }

  /** What cannot be recorded keeps none of the others from it. */
  private async recordAll(some: readonly Waiting[]): Promise<void> {
    try {
      await this.host.exclusively('pipeline-lock', () => this.write(some.map(({ result }) => result)));
      for (const { resolve } of some) resolve();
    } catch (error) {
      if (some.length === 1) some[0]!.reject(error);
      else for (const one of some) await this.recordAll([one]);
    }
  }

  private async write(results: readonly LockedResult[]): Promise<void> {
    const before = this.read();
    const lock = results.reduce((all, { name, ...change }) => withEntry(all, name, change), before);
    const text = formatLockFile(lock, (stage, each) => this.block(stage, each));
    const files: WholeFile[] = text === this.known.text ? [] : [{ path: this.path(), content: text }];
    const after = (): Promise<unknown> => Promise.all(results.map(async (result) => result.after));
    const pointed = results.flatMap((result) => result.pointed);
    if (pointed.length > 0) await this.host.files.writePointers(pointed, { lastly: { files, after } });
    else await writeFilesAtomic([files], { staging: stagingOf(this.host.root), beforeLast: after });
    this.known = { text, lock, stat: this.stat() };
  }

  private block(stage: string, entry: LockEntry): string {
    const known = this.blocks.get(entry) ?? formatEntry(stage, entry);
    this.blocks.set(entry, known);
    return known;
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
