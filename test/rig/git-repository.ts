import { execFileSync } from 'node:child_process';
import type { AbsPath } from '../../src/base/paths.js';
import { temporaryFolder } from './temporary-folder.js';

/** Runs real git in `folder`, untouched by this machine's own configuration, and returns what it printed. */
export function git(folder: string, ...args: readonly string[]): string {
  return execFileSync('git', args, {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'A',
      GIT_AUTHOR_EMAIL: 'a@example.org',
      GIT_COMMITTER_NAME: 'A',
      GIT_COMMITTER_EMAIL: 'a@example.org',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** An empty git repository with the branch `main`, removed as `temporaryFolder` says. */
export function gitRepository(whenDone?: Parameters<typeof temporaryFolder>[0]): AbsPath {
  const folder = temporaryFolder(whenDone);
  git(folder, 'init', '-q', '--template=', '-b', 'main');
  return folder;
}

/** Commits everything that git does not ignore. */
export function gitCommitAll(folder: string, message: string): string {
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '--allow-empty', '-m', message);
  return git(folder, 'rev-parse', 'HEAD').trim();
}
