import { posix } from 'node:path';
import type { SimpleGit } from 'simple-git';
import { OcrpipeError, userError } from '../base/errors.js';
import { absPath, type AbsPath, type RepoPath } from '../base/paths.js';
import { splitBatch } from './cat-file.js';
import { findWorkTree } from './find-work-tree.js';
import type { CommitId, CommittedFile, Git, GitFile, GitRef } from './git.js';
import { LITERAL, withGit, type Process } from './run-git.js';

/** Paths named to one git process at most: the system limits their length, and git compares all with each name that it meets. */
const PATHS_AT_ONCE = 500;

/** Git for the workspace at `root`; undefined if no work tree holds it. Starts no process. */
export function openGit(root: AbsPath): Git | undefined {
  const workTree = findWorkTree(root);
  return workTree === undefined ? undefined : new SimpleGitGit(root, workTree);
}

class SimpleGitGit implements Git {
  readonly workTree: AbsPath;
  readonly #root: AbsPath;

  constructor(root: AbsPath, workTree: AbsPath) {
    this.#root = root;
    this.workTree = workTree;
  }

  async currentCommit(): Promise<CommitId | undefined> {
    return this.#commitOf('HEAD');
  }

  async resolve(revision: string): Promise<CommitId> {
    const commit = await this.#commitOf(revision);
    if (commit !== undefined) return commit;
    throw userError('unknown-revision', `git knows no commit '${revision}'`, {
      hint: "Give a branch, a tag or a commit; 'git log --oneline' lists some. Fetch it first if only a remote has it.",
    });
  }

  async known(refs: readonly string[]): Promise<CommitId[]> {
    return lines(await this.#run(['rev-parse', '--revs-only', ...refs])) as CommitId[];
  }

  async stashed(): Promise<CommitId[]> {
    if ((await this.#commitOf('refs/stash')) === undefined) return [];
    const entries = lines(await this.#run(['rev-list', '--walk-reflogs', 'refs/stash']));
    const parents = lines(await this.#run(['rev-list', '--no-walk', '--parents', ...entries]));
    // The first parent is the commit that the work was based on.
    const commits = parents.flatMap((line) => line.split(' ').filter((_commit, at) => at !== 1));
    return [...new Set(commits)] as CommitId[];
  }

  async workTrees(): Promise<AbsPath[]> {
    const fields = (await this.#run(['worktree', 'list', '--porcelain', '-z'])).split('\0');
    return fields
      .filter((field) => field.startsWith('worktree '))
      .map((field) => absPath(field.slice('worktree '.length)));
  }

  async isShallow(): Promise<boolean> {
    return (await this.#run(['rev-parse', '--is-shallow-repository'])).trim() === 'true';
  }

  async staged(): Promise<GitFile[]> {
    return parseIndex(await this.#run(['ls-files', '--stage', '-z']), /[0-3]/);
  }

  async everCommitted(patterns: readonly string[]): Promise<CommittedFile[]> {
    const commits = await this.#run(['rev-list', '--all']);
    if (commits === '') return [];
    // Whatever a commit holds differs from each of its parents, or one of them holds it.
    const how = ['--stdin', '-r', '-m', '--root', '--no-renames', '--relative', '-z', '--raw', '--no-abbrev'];
    const args = ['diff-tree', ...how, '--', ...patterns];
    return parseChanges(await this.#run(args, { input: commits }));
  }

  async #commitOf(revision: string): Promise<CommitId | undefined> {
    if (revision === '') return undefined;
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
    const text = (await this.#run(args, { noIsAnswer: true })).trim();
    return text === '' ? undefined : (text as CommitId);
  }

  async refs(prefix?: string): Promise<GitRef[]> {
    const prefixes = prefix === undefined ? ['refs/heads', 'refs/remotes', 'refs/tags'] : [prefix];
    const format = '%(refname)%09%(objecttype) %(objectname)%09%(*objecttype) %(*objectname)';
    const text = await this.#run(['for-each-ref', `--format=${format}`, ...prefixes]);
    return text.split('\n').flatMap(parseRef);
  }

  async filesAt(commit: CommitId, paths?: readonly RepoPath[]): Promise<GitFile[]> {
    const list = async (some: readonly string[]) =>
      parseTree(await this.#run([LITERAL, 'ls-tree', '-r', '-z', commit, '--', ...some]));
    if (paths === undefined) return list([]);
    const wanted = new Set<string>(paths);
    const found = paths.length === 0 ? [] : await list(paths.length > PATHS_AT_ONCE ? [] : paths);
    return found.filter((file) => wanted.has(file.path));
  }

  async read(files: readonly GitFile[]): Promise<Buffer[]> {
    if (files.length === 0) return [];
    const names = files.map((file) => `${file.object}\n`).join('');
    const args = ['cat-file', '--batch'];
    const answer = this.#with(args, { input: names }, async (git): Promise<unknown> =>
      git.binaryCatFile(['--batch']),
    );
    return splitBatch((await answer) as Buffer, files.length);
  }

  async readAt(commit: CommitId, path: RepoPath): Promise<Buffer | undefined> {
    return (await this.read(await this.filesAt(commit, [path])))[0];
  }

  async readHeld(path: RepoPath): Promise<Buffer | undefined> {
    const listed = parseIndex(await this.#run([LITERAL, 'ls-files', '--stage', '-z', '--', path]));
    const [added] = await this.read(listed.filter((file) => file.path === path));
    if (added !== undefined) return added;
    const commit = await this.currentCommit();
    return commit === undefined ? undefined : this.readAt(commit, path);
  }

  async lastWith(path: RepoPath): Promise<string | undefined> {
    const commit = await this.currentCommit();
    if (commit === undefined) return undefined;
    if ((await this.filesAt(commit, [path])).length > 0) return 'HEAD';
    const deleted = ['log', '-1', '--diff-filter=D', '--format=%h', commit, '--', path];
    const name = (await this.#run([LITERAL, ...deleted])).trim();
    return name === '' ? undefined : `${name}~1`;
  }

  async tracked(paths: readonly RepoPath[]): Promise<RepoPath[]> {
    if (paths.length === 0) return [];
    const few = paths.length <= PATHS_AT_ONCE;
    const args = [LITERAL, 'ls-files', '-z', '--', ...(few ? paths : [])];
    const found = splitNames(await this.#run(args));
    if (few) return found;
    const wanted = new Set<string>(paths);
    return found.filter((file) => withFoldersAbove(file).some((path) => wanted.has(path)));
  }

  async holdable(path: RepoPath): Promise<RepoPath[]> {
    const kinds = ['--cached', '--others', '--exclude-standard'];
    return sorted(splitNames(await this.#run([LITERAL, 'ls-files', '-z', ...kinds, '--', path])));
  }

  async heldLike(pathspec: string): Promise<RepoPath[]> {
    return splitNames(await this.#run(['ls-files', '-z', '--', pathspec]));
  }

  async modifiedLike(pathspec: string): Promise<RepoPath[]> {
    return splitNames(await this.#run(['ls-files', '--modified', '-z', '--', pathspec]));
  }

  async addable(paths: readonly RepoPath[]): Promise<RepoPath[]> {
    if (paths.length === 0) return [];
    const kinds = ['--others', '--modified', '--exclude-standard'];
    const ask = async (args: readonly string[], asked: readonly string[]) =>
      splitNames(await this.#run([...args, 'ls-files', '-z', ...kinds, '--', ...asked]));
    if (paths.length <= PATHS_AT_ONCE) return sorted(await ask([LITERAL], paths));
    // All that is beside them: git compares each name that it meets with each one that it is asked for.
    const folders = [...new Set(paths.map((path) => posix.dirname(path)))].map(besidePattern);
    const found = await Promise.all(chunks(folders, PATHS_AT_ONCE).map((some) => ask([], some)));
    const wanted = new Set(paths);
    return sorted(found.flat().filter((path) => wanted.has(path)));
  }

  async ignored(paths: readonly RepoPath[]): Promise<RepoPath[]> {
    if (paths.length === 0) return [];
    // This command knows no literal pathspecs; with './' before it no name has a meaning of its own.
    const input = paths.map((path) => `./${path}\0`).join('');
    const answer = await this.#run(['check-ignore', '-z', '--stdin'], { input, noIsAnswer: true });
    return splitNames(answer).map((name) => name.replace(/^\.\//, '') as RepoPath);
  }

  async fetchAll(): Promise<void> {
    try {
      await this.#run(['fetch', '--all', '--quiet', '--no-recurse-submodules']);
    } catch (error) {
      if (!(error instanceof OcrpipeError)) throw error;
      throw new OcrpipeError('git-fetch-failed', error.message, {
        hint: "What the branches of others need is not known. See whether 'git fetch --all' works, or go by what this clone knows with --no-fetch.",
        cause: error,
      });
    }
  }

  async #run(args: string[], how: Process = {}): Promise<string> {
    return this.#with(args, how, (git) => git.raw(args));
  }

  #with<T>(args: string[], how: Process, use: (git: SimpleGit) => Promise<T>): Promise<T> {
    return withGit({ root: this.#root, workTree: this.workTree }, args, { ...how, use });
  }
}

function parseRef(line: string): GitRef[] {
  const [name, direct, peeled] = line.split('\t');
  const commit = [direct, peeled].find((field) => field?.startsWith('commit ') === true);
  return name === undefined || commit === undefined
    ? []
    : [{ name, commit: commit.slice('commit '.length) as CommitId }];
}

/** Lines of `ls-tree -z`: `<mode> <type> <object>\t<path>`. Symlinks and submodules are no files. */
function parseTree(text: string): GitFile[] {
  return text.split('\0').flatMap((line) => {
    const match = /^100\d{3} blob ([0-9a-f]+)\t(.*)$/s.exec(line);
    return match ? [{ object: match[1]!, path: match[2]! as RepoPath }] : [];
  });
}

/** Lines of `ls-files --stage -z`: `<mode> <object> <stage>\t<path>`. Stages 1 to 3 are what a merge has not settled. */
function parseIndex(text: string, stages = /0/): GitFile[] {
  return text.split('\0').flatMap((line) => {
    const match = /^100\d{3} ([0-9a-f]+) ([0-3])\t(.*)$/s.exec(line);
    return match && stages.test(match[2]!) ? [{ object: match[1]!, path: match[3]! as RepoPath }] : [];
  });
}

/** Fields of `diff-tree --stdin -z --raw`: commits, and `:<modes> <old object> <new object> <status>` each before its path. */
function parseChanges(text: string): CommittedFile[] {
  const fields = text.split('\0');
  const found = new Map<string, CommittedFile>();
  let commit = '' as CommitId;
  for (let at = 0; at < fields.length; at += 1) {
    const field = fields[at]!;
    if (!field.startsWith(':')) {
      if (field !== '') commit = field.trim() as CommitId;
      continue;
    }
    at += 1;
    const match = /^:\d+ 100\d{3} [0-9a-f]+ ([0-9a-f]+) /.exec(field);
    const path = fields[at] as RepoPath | undefined;
    if (!match || path === undefined) continue;
    const object = match[1]!;
    found.set(`${object} ${path}`, { object, path, commit });
  }
  return [...found.values()];
}

function sorted(names: readonly RepoPath[]): RepoPath[] {
  return [...new Set(names)].sort();
}

/** The path and every folder above it. */
function withFoldersAbove(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
}

/** A pathspec of all names in exactly this folder. */
function besidePattern(folder: string): string {
  return folder === '.' ? ':(glob)*' : `:(glob)${folder.replaceAll(/[\\*?[]/g, '\\$&')}/*`;
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function splitNames(text: string): RepoPath[] {
  return text.split('\0').filter((name) => name !== '') as RepoPath[];
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_unused, index) => items.slice(index * size, (index + 1) * size));
}
