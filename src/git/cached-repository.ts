import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SimpleGit } from 'simple-git';
import { OcrpipeError, userError } from '../base/errors.js';
import type { EventSink } from '../base/events.js';
import { withLock } from '../base/lock.js';
import { contentIdOf } from '../base/content-id.js';
import type { RepoPath } from '../base/paths.js';
import { splitBatch } from './cat-file.js';
import type { CommitId, GitFile } from './git.js';
import { REPOSITORY_SCHEMES, type RepositoryAddress } from './repository-address.js';
import { isSsh, repositoryFailure } from './repository-failure.js';

/** A file of somebody else's commit. */
export interface ForeignFile extends GitFile {
  kind: 'file' | 'executable' | 'link';
}

export interface CachedRepositoryOptions {
  address: RepositoryAddress;
  /** The folder of this user's cache, which any number of repositories share. */
  cache: string;
  /** For those who wait: 'ocrpipe get'. */
  command: string;
  events: EventSink;
  signal: AbortSignal;
}

/** Files of git's from this size on are fetched only when they are read. */
const LEFT_BEHIND = 'blob:limit=1m';
/** Variables that say which repository git works on: in a hook they name another one. */
const OF_A_REPOSITORY =
  /^GIT_(?:DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX|CONFIG|CONFIG_PARAMETERS|CONFIG_COUNT|CONFIG_KEY_\d+|CONFIG_VALUE_\d+)$/;
/** Programs that show people something, and a folder of nobody's: nothing of it is wanted here. */
const NOT_WANTED =
  /^(?:EDITOR|VISUAL|PAGER|PREFIX|GIT_EDITOR|GIT_PAGER|GIT_SEQUENCE_EDITOR|GIT_EXTERNAL_DIFF|GIT_TEMPLATE_DIR)$/;
/** What the user's own environment may say, as it may to git itself: how servers are reached and passwords asked for. */
const USERS_OWN = {
  allowUnsafeAskPass: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeExec: true,
  allowUnsafeGitProxy: true,
  allowUnsafeSshCommand: true,
  /** None: nothing of a template is wanted in the cache. */
  allowUnsafeTemplateDir: true,
};
const FULL_NAME = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** A name that a server may be asked for as it is: no pattern, no way along the history. */
const PLAIN_NAME = /^[^\s:^~?*[\\+@{}-][^\s:^~?*[\\+{}]*$/;

/**
 * What this user has seen of another git repository: a bare one in the cache, into which single commits are fetched without their
 * history, and large files not at all until they are read. The other repository is never used in place: neither its hooks
 * nor its configuration have a say in what runs here. Git is reached, and asked for passwords, as the user's git does it.
 */
export class CachedRepository {
  readonly address: RepositoryAddress;
  readonly #options: CachedRepositoryOptions;
  readonly #folder: string;
  /** What the user's configuration has git call in the place of ssh. */
  #ownSsh: Promise<string> | undefined;

  constructor(options: CachedRepositoryOptions) {
    this.address = options.address;
    this.#options = options;
    this.#folder = join(options.cache, 'repositories', contentIdOf(options.address.url).slice(0, 32));
  }

  /**
   * The commit that a branch, tag, commit, `main~2`, … stands for there, now; without a revision, that of its HEAD. It is in the cache
   * then. Throws `repository-unreachable` and `unknown-revision` (exit code 2).
   */
  async commitOf(revision?: string): Promise<CommitId> {
    const { address, command, events, signal } = this.#options;
    if (revision !== undefined && FULL_NAME.test(revision)) {
      const here = existsSync(this.#folder) ? await this.#parse(revision) : undefined;
      if (here !== undefined) return here;
    }
    const lock = { path: `${this.#folder}.lock`, what: `the cache of ${address.text}` };
    return withLock({ ...lock, command, events, signal }, () => this.#fetch(revision));
  }

  /** The files and links of a commit, sorted by path. Names that are not UTF-8 are left out. */
  async files(commit: CommitId): Promise<ForeignFile[]> {
    const text = await this.#run(['ls-tree', '-r', '-z', commit]);
    return text.split('\0').flatMap((line) => {
      const match = /^(100644|100755|100664|120000) blob ([0-9a-f]+)\t(.*)$/s.exec(line);
      if (!match || match[3]!.includes('\uFFFD')) return [];
      return [{ kind: kindOfMode(match[1]!), object: match[2]!, path: match[3]! as RepoPath }];
    });
  }

  /** The sizes of files in bytes, in the order asked for; undefined for what is not in the cache. */
  async sizes(files: readonly ForeignFile[]): Promise<(number | undefined)[]> {
    if (files.length === 0) return [];
    const input = files.map(({ object }) => `${object}\n`).join('');
    const lines = (await this.#run(['cat-file', '--batch-check'], input)).split('\n');
    return files.map((_file, index) => {
      const size = / blob (\d+)$/.exec(lines[index] ?? '')?.[1];
      return size === undefined ? undefined : Number(size);
    });
  }

  /** The bytes of files, in the order asked for; what was left behind is fetched. */
  async read(files: readonly GitFile[]): Promise<Buffer[]> {
    if (files.length === 0) return [];
    const input = files.map(({ object }) => `${object}\n`).join('');
    const answer = await this.#with(['cat-file', '--batch'], { input }, async (git): Promise<unknown> =>
      git.binaryCatFile(['--batch']),
    );
    return splitBatch(answer as Buffer, files.length);
  }

  async #fetch(revision: string | undefined): Promise<CommitId> {
    await this.#prepare();
    const name = revision ?? 'HEAD';
    if (PLAIN_NAME.test(name) && (await this.#fetchOne(name))) {
      const commit = await this.#parse('FETCH_HEAD');
      if (commit !== undefined) return this.#keep(commit);
    }
    await this.#fetchAll();
    const commit = (await this.#parse(`refs/remotes/origin/${name}`)) ?? (await this.#parse(name));
    if (commit !== undefined) return this.#keep(commit);
    throw userError('unknown-revision', `${this.address.text} has no commit '${name}'`, {
      hint:
        revision === undefined
          ? 'Nothing was committed there yet, or its HEAD names no branch: give one with --rev.'
          : 'Give a branch, a tag or a commit that is there with --rev.',
    });
  }

  async #prepare(): Promise<void> {
    if (existsSync(join(this.#folder, 'config'))) return;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    await this.#run(['init', '--quiet', '--bare', '--template=']);
    await this.#run(['config', 'remote.origin.url', this.address.url]);
  }

  /** One commit without its history; false where that does not work, for whatever reason. */
  async #fetchOne(name: string): Promise<boolean> {
    try {
      await this.#run([...FETCH, '--depth=1', `--filter=${LEFT_BEHIND}`, 'origin', name]);
      return true;
    } catch (error) {
      if (!(error instanceof OcrpipeError) || error.code !== 'git-failed') throw error;
      // A server that cannot be had for one commit cannot be had for all.
      const failure = repositoryFailure(this.address, error.message);
      if (failure !== undefined) throw failure;
      return false;
    }
  }

  /** All branches and tags, with their history. */
  async #fetchAll(): Promise<void> {
    const whole = existsSync(join(this.#folder, 'shallow')) ? ['--unshallow'] : [];
    const refs = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'];
    try {
      await this.#run([...FETCH, ...whole, `--filter=${LEFT_BEHIND}`, 'origin', ...refs]);
      // An empty repository has none.
      await this.#fetchHead();
    } catch (error) {
      if (!(error instanceof OcrpipeError) || error.code !== 'git-failed') throw error;
      const failure = repositoryFailure(this.address, error.message);
      if (failure !== undefined) throw failure;
      throw userError('repository-unreachable', `${this.address.text} cannot be fetched: ${error.message}`, {
        hint: `See whether 'git ls-remote' works with that address; credentials are found as git finds them.`,
        cause: error,
      });
    }
  }

  async #fetchHead(): Promise<void> {
    try {
      await this.#run([...FETCH, `--filter=${LEFT_BEHIND}`, 'origin', '+HEAD:refs/remotes/origin/HEAD']);
    } catch (error) {
      if (!(error instanceof OcrpipeError) || error.code !== 'git-failed') throw error;
    }
  }

  /** Git drops what no ref names. */
  async #keep(commit: CommitId): Promise<CommitId> {
    await this.#run(['update-ref', `refs/ocrpipe/${commit}`, commit]);
    return commit;
  }

  async #parse(revision: string): Promise<CommitId | undefined> {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
    try {
      const text = (await this.#run(args)).trim();
      return text === '' ? undefined : (text as CommitId);
    } catch (error) {
      if (error instanceof OcrpipeError && error.code === 'git-failed') return undefined;
      throw error;
    }
  }

  #run(args: string[], input?: string): Promise<string> {
    return this.#with(args, { ...(input !== undefined && { input }) }, (git) => git.raw(args));
  }

  /** Ssh, too, asks nobody, unless the user has a command of their own for it. */
  async #unattendedSsh([command]: readonly string[]): Promise<Record<string, string>> {
    const { GIT_SSH_COMMAND: own, GIT_SSH: program } = process.env;
    if (command !== 'fetch' && command !== 'cat-file') return {};
    if (!isSsh(this.address.url) || (own ?? program) !== undefined) return {};
    this.#ownSsh ??= this.#run(['config', '--default', '', '--get', 'core.sshCommand']);
    return (await this.#ownSsh).trim() === '' ? { GIT_SSH_COMMAND: 'ssh -o BatchMode=yes' } : {};
  }

  async #with<T>(
    args: string[],
    { input }: { input?: string },
    use: (git: SimpleGit) => Promise<T>,
  ): Promise<T> {
    const { signal } = this.#options;
    const { simpleGit } = await import('simple-git');
    const environment = { ...environmentFor(this.#folder), ...(await this.#unattendedSsh(args)) };
    const git = simpleGit({
      baseDir: this.#folder,
      abort: signal,
      unsafe: USERS_OWN,
      allowEnvironment: Object.keys(environment),
      errors: (error, { exitCode, stdErr, stdOut }) =>
        exitCode === 0 ? error : Buffer.concat([...stdErr, ...stdOut]),
      ...(input === undefined ? {} : { input: () => input }),
    }).env(environment);
    try {
      return await use(git);
    } catch (error) {
      signal.throwIfAborted();
      const said = error instanceof Error ? error.message.trim() : String(error);
      throw new OcrpipeError('git-failed', `git ${args[0]!} failed: ${withoutSecrets(said)}`, {
        hint: "See whether 'git ls-remote' works with that address.",
      });
    }
  }
}

const FETCH = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', '--no-auto-gc', '--force'];

/**
 * Nobody is asked for a password at the terminal, which shows progress, and may be nobody's: agents and credential helpers are what
 * answers. Whoever sets these otherwise knows better.
 */
const UNATTENDED = { GIT_TERMINAL_PROMPT: '0' };

/** The user's environment, less what names another repository; only ways of fetching that run no program of an address. */
function environmentFor(folder: string): Record<string, string> {
  const own = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !OF_A_REPOSITORY.test(entry[0]) && !NOT_WANTED.test(entry[0]),
  );
  return {
    ...UNATTENDED,
    ...Object.fromEntries(own),
    GIT_DIR: folder,
    GIT_ALLOW_PROTOCOL: REPOSITORY_SCHEMES.join(':'),
    GIT_NO_REPLACE_OBJECTS: '1',
    // What went wrong is told from what git prints.
    LC_ALL: 'C',
  };
}

/** An address may have been rewritten to one with a password, by `insteadOf` of the user's. */
function withoutSecrets(text: string): string {
  return text.replaceAll(/\/\/[^\s/'"]*@/g, '//…@');
}

function kindOfMode(mode: string): ForeignFile['kind'] {
  return mode === '120000' ? 'link' : mode === '100755' ? 'executable' : 'file';
}
