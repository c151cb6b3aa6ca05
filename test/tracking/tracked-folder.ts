import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AbsPath, RepoPath } from '../../src/base/paths.js';
import { LocalStore } from '../../src/store/local-store.js';
import type { FileTimes } from '../../src/tracking/scan/file-times.js';
import { TrackedFiles } from '../../src/tracking/tracked-files.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** A workspace of tracking alone: real files and a real store, no git. */
export class TrackedFolder {
  readonly root: AbsPath;
  readonly store: LocalStore;
  readonly #times: FileTimes | undefined;

  constructor(times?: FileTimes, root: AbsPath = temporaryFolder()) {
    this.root = root;
    this.store = LocalStore.create(join(this.root, '.ocrstore'));
    this.#times = times;
  }

  /** One that is there already. */
  static at(root: string): TrackedFolder {
    return new TrackedFolder(undefined, root as AbsPath);
  }

  /** A fresh instance, as another process would have. */
  files(): TrackedFiles {
    return new TrackedFiles({
      root: this.root,
      store: LocalStore.open(join(this.root, '.ocrstore')),
      git: true,
      command: 'test',
      ...(this.#times && { times: this.#times }),
    });
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, content: string | Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true, force: true });
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  /** Names below a folder, sorted. */
  names(folder: string): string[] {
    return readdirSync(this.path(folder), { recursive: true, encoding: 'utf8' }).sort();
  }

  /** What `ocrpipe add` does with one path. */
  async add(name: string) {
    const files = this.files();
    const snapshot = (await files.store(name as RepoPath))!;
    await files.writePointer(name as RepoPath, snapshot);
    return snapshot;
  }

  /** What `ocrpipe checkout` does with one path. */
  async checkout(name: string, options: { force?: boolean } = {}): Promise<boolean> {
    const files = this.files();
    return files.checkout(name as RepoPath, files.pointer(name as RepoPath)!, options);
  }

  async state(name: string): Promise<string> {
    return (await this.files().state(name as RepoPath)).state;
  }
}
