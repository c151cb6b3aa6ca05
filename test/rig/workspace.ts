import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runProcess, type RunResult } from './ocrpipe.js';
import { runServed, type CommandRunner } from './served-commands.js';
import { temporaryFolder } from './temporary-folder.js';

/** Settings that keep a developer's own git configuration out of a test. */
const GIT_ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.org',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.org',
};

/** A folder with git in it, and what tests do there with git and with command lines. */
export class TestWorkspace {
  readonly root: string;
  readonly env: Record<string, string>;
  readonly #command: CommandRunner;

  /** Commands run in a process that stays, unless `command` says otherwise. */
  constructor(root: string, env: Record<string, string> = {}, command: CommandRunner = runServed) {
    this.root = root;
    this.env = { ...GIT_ENVIRONMENT, ...env };
    this.#command = command;
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

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true, force: true });
  }

  /** Runs git and returns its stdout, trimmed; throws if it fails. */
  async git(...args: string[]): Promise<string> {
    const result = await runProcess('git', args, { cwd: this.root, env: this.env });
    if (result.exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr}`);
    return result.stdout.trim();
  }

  /** Commits everything that git sees and returns the commit. */
  async commit(message: string): Promise<string> {
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }

  /** Runs a command here; a failing command is a result, not an exception. */
  run(args: readonly string[], env: Record<string, string> = {}): Promise<RunResult> {
    return this.#command(args, { cwd: this.root, env: { ...this.env, ...env } });
  }

  /** Runs it, asserts success, and returns stdout. */
  async ocrpipe(...args: string[]): Promise<string> {
    const result = await this.run(args);
    if (result.exitCode !== 0) throw new Error(`ocrpipe ${args.join(' ')}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  /** Runs a line that a person would type into a shell here. */
  type(line: string): Promise<RunResult> {
    const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|[^\s'"]+/g)].map(
      ([word, one, two]) => one ?? two ?? word,
    );
    if (words[0] === 'ocrpipe' && /^([\w./ =-]|'[^']*'|"[^"$`\\]*")*$/.test(line))
      return this.run(words.slice(1));
    return runProcess('sh', ['-c', line], { cwd: this.root, env: this.env });
  }

  /** Runs it with `--json`, asserts success, and returns the document. */
  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.ocrpipe(...args, '--json')) as T;
  }
}

/** A new git work tree, not yet a workspace of ocrpipe. */
export async function gitFolder(root: string = temporaryFolder()): Promise<TestWorkspace> {
  mkdirSync(root, { recursive: true });
  const workspace = new TestWorkspace(root);
  await workspace.git('init', '--quiet', '--template=', '--initial-branch=main');
  return workspace;
}

/** A new git work tree in which `ocrpipe init` has run. */
export async function newWorkspace(root: string = temporaryFolder()): Promise<TestWorkspace> {
  const workspace = await gitFolder(root);
  await workspace.ocrpipe('init');
  return workspace;
}
