import { posix } from 'node:path';
import type { Call } from '../../base/call.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import { suggest } from '../../base/nearest.js';
import { isWithin, repoPath, type RepoPath } from '../../base/paths.js';
import { CachedRepository, type ForeignFile } from '../../git/cached-repository.js';
import type { CommitId } from '../../git/git.js';
import { parseRepository, type RepositoryAddress } from '../../git/repository-address.js';
import { isPointerText, pathOfPointer } from '../../tracking/pointers/plain-pointer.js';
import { MAX_POINTER_BYTES, parsePointer } from '../../tracking/pointers/pointer.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import { STATE_FOLDER } from '../find-workspace.js';
import { userCache } from './user-cache.js';

/** What another repository has at a path: a tracked path or a part of one, a file of git's, or a folder of such. */
export type Located =
  | { kind: 'tracked'; path: RepoPath; snapshot: Snapshot; below?: string }
  | { kind: 'file'; file: ForeignFile }
  | { kind: 'folder'; path: RepoPath };

export interface SourceRequest {
  /** As it was typed, or as a pointer has it. */
  repository: string;
  /** Where a folder that is named by a relative path starts. */
  from: string;
  /** A branch, tag or commit there; its HEAD if left out. */
  revision?: string | undefined;
  /** For those who wait: 'ocrpipe get'. */
  command: string;
}

/** One commit of another git repository: what git holds in it, and what its pointers name. Only commits count. */
export class SourceRepository {
  readonly address: RepositoryAddress;
  readonly commit: CommitId;
  /** Everything that git holds, sorted by path; names that could do harm are refused. */
  readonly files: readonly ForeignFile[];
  /** What the pointers name, by path from the top of the repository. */
  readonly tracked: ReadonlyMap<RepoPath, Snapshot>;
  readonly #repository: CachedRepository;

  private constructor(
    repository: CachedRepository,
    parts: Pick<SourceRepository, 'commit' | 'files' | 'tracked'>,
  ) {
    this.#repository = repository;
    this.address = repository.address;
    this.commit = parts.commit;
    this.files = parts.files;
    this.tracked = parts.tracked;
  }

  /** Fetches the commit, and reads its pointers. Throws for a broken one, naming the repository. */
  static async open(request: SourceRequest, call: Call): Promise<SourceRepository> {
    const address = parseRepository(request.repository, request.from);
    const { events, signal } = call;
    const where = { address, cache: userCache(), command: request.command, events, signal };
    const repository = new CachedRepository(where);
    const commit = await repository.commitOf(request.revision);
    const files = (await repository.files(commit)).filter(({ path }) => isPlain(path, address));
    const tracked = await readPointers(repository, files);
    return new SourceRepository(repository, { commit, files, tracked });
  }

  /** A path as it was typed behind the repository: from the folder that was named. */
  path(typed: string): RepoPath {
    return repoPath(posix.join(this.address.below, typed === '' ? '.' : typed.replace(/\/+$/, '') || '/'));
  }

  /** The same seen from the folder that was named. */
  shown(path: RepoPath): RepoPath {
    const { below } = this.address;
    return below === '.' ? path : (posix.relative(below, path) as RepoPath);
  }

  /** What stands at a path. Throws `path-not-in-repository`, with what was likely meant. */
  locate(path: RepoPath): Located {
    const named = pathOfPointer(path);
    if (named !== undefined && this.tracked.has(named)) return this.locate(named);
    const own = this.tracked.get(path);
    if (own !== undefined) return { kind: 'tracked', path, snapshot: own };
    for (const [above, snapshot] of this.tracked) {
      if (snapshot.kind !== 'directory' || !isWithin(path, above)) continue;
      return { kind: 'tracked', path: above, snapshot, below: path.slice(above.length + 1) };
    }
    const file = this.files.find((each) => each.path === path);
    if (file !== undefined) return { kind: 'file', file };
    const all = [...this.files.map((each) => each.path), ...this.tracked.keys()];
    if (path === '.' || all.some((each) => isWithin(each, path))) return { kind: 'folder', path };
    throw userError('path-not-in-repository', `there is no '${this.shown(path)}' in ${this.#named()}`, {
      hint: suggest(
        this.shown(path),
        all.map((each) => this.shown(each)),
      ),
    });
  }

  /** The files that are git's own below a folder: no pointers, and nothing of ocrpipe's folder. */
  ownFiles(folder: RepoPath): ForeignFile[] {
    return this.files.filter(({ path }) => {
      const pointed = pathOfPointer(path);
      const isPointer = pointed !== undefined && this.tracked.has(pointed);
      return isWithin(path, folder) && !isPointer && !path.split('/').includes(STATE_FOLDER);
    });
  }

  /** The tracked paths below a folder. */
  trackedBelow(folder: RepoPath): [RepoPath, Snapshot][] {
    return [...this.tracked].filter(([path]) => isWithin(path, folder));
  }

  sizes(files: readonly ForeignFile[]): Promise<(number | undefined)[]> {
    return this.#repository.sizes(files);
  }

  read(files: readonly ForeignFile[]): Promise<Buffer[]> {
    return this.#repository.read(files);
  }

  /** The folder of the workspace that a path belongs to, and its settings; undefined if the path is in none. */
  async workspaceOf(path: RepoPath): Promise<{ folder: RepoPath; settings: string } | undefined> {
    const name = `${STATE_FOLDER}/config.yaml`;
    const found = this.files
      .filter((file) => file.path === name || file.path.endsWith(`/${name}`))
      .map((file) => ({ file, folder: posix.dirname(posix.dirname(file.path)) as RepoPath }))
      .filter(({ folder }) => isWithin(path, folder))
      .sort((a, b) => b.folder.length - a.folder.length)[0];
    if (found === undefined) return undefined;
    const [text] = await this.read([found.file]);
    return { folder: found.folder, settings: text!.toString('utf8') };
  }

  #named(): string {
    return `${this.address.text} at ${this.commit.slice(0, 10)}`;
  }
}

/** Whoever made the commit need not have used git: names that lead elsewhere, or into git's own folder, are refused. */
function isPlain(path: RepoPath, { text }: RepositoryAddress): boolean {
  const parts = path.split('/');
  const odd = parts.some((part) => part === '' || part === '.' || part === '..');
  if (!odd && !parts.some((part) => part.toLowerCase() === '.git')) return true;
  throw new OcrpipeError('path-unsafe', `${text} holds a file that is called '${path}'`, {
    hint: 'No git writes such a name. Do not trust where it came from.',
  });
}

async function readPointers(
  repository: CachedRepository,
  files: readonly ForeignFile[],
): Promise<Map<RepoPath, Snapshot>> {
  const likely = files.filter((file) => file.kind !== 'link' && pathOfPointer(file.path) !== undefined);
  const sizes = await repository.sizes(likely);
  const named = likely.filter((_file, index) => (sizes[index] ?? Infinity) <= MAX_POINTER_BYTES);
  const texts = await repository.read(named);
  const held = new Set(files.map(({ path }) => path));
  return new Map(
    named.flatMap((file, index): [RepoPath, Snapshot][] => {
      const text = texts[index]!.toString('utf8');
      const path = pathOfPointer(file.path)!;
      if (!isPointerText(text) || held.has(path)) return [];
      const where = `${file.path} (in ${repository.address.text})`;
      return [[path, parsePointer(text, where, () => 'It was committed so there: name another --rev.')]];
    }),
  );
}
