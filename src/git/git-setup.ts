import { resolve } from 'node:path';
import { absPath, type AbsPath } from '../base/paths.js';
import { runGit, type GitPlace, type Process } from './run-git.js';

/** What `install` may change of a clone, which its work trees share. */
export interface GitSetup {
  /** Undefined if it is not set in the clone itself. */
  setting(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  /** Forgets a section: `merge.name`. */
  unset(section: string): Promise<void>;
  /** The folder of hooks, and whether the user's or the project's configuration names it (`core.hooksPath`). */
  hooks(): Promise<{ folder: AbsPath; chosen: boolean }>;
  /** `info/attributes`: what only this clone says of files. */
  attributes(): Promise<AbsPath>;
  /** What git says of a file's attribute: 'unspecified' if nothing. */
  attributeOf(path: string, attribute: string): Promise<string>;
}

export function gitSetup(place: GitPlace): GitSetup {
  const run = (args: string[], how: Process = {}) => runGit(place, args, how);
  const gitPath = async (name: string) =>
    absPath(resolve(place.root, (await run(['rev-parse', '--git-path', name])).trim()));
  const setting = async (key: string, scope: string[] = ['--local']) => {
    const text = await run(['config', ...scope, '--null', '--get', key], { noIsAnswer: true });
    return text === '' ? undefined : text.replace(/\0$/, '');
  };
  return {
    setting: (key) => setting(key),
    async set(key, value) {
      await run(['config', '--local', key, value], { setsDriver: true });
    },
    async unset(section) {
      const keys = await run(
        ['config', '--local', '--name-only', '--get-regexp', `^${escaped(section)}\\.`],
        {
          noIsAnswer: true,
        },
      );
      if (keys !== '') await run(['config', '--local', '--remove-section', section]);
    },
    async hooks() {
      return { folder: await gitPath('hooks'), chosen: (await setting('core.hooksPath', [])) !== undefined };
    },
    attributes: () => gitPath('info/attributes'),
    async attributeOf(path, attribute) {
      const fields = (await run(['check-attr', '-z', attribute, '--', path])).split('\0');
      return fields[2] ?? 'unspecified';
    },
  };
}

function escaped(section: string): string {
  return section.replaceAll('.', '\\.');
}
