import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RepoPath } from '../../../src/base/paths.js';
import {
  addToGitignore,
  gitignoreEntry,
  removeFromGitignore,
} from '../../../src/tracking/ignore/gitignore.js';
import fc, { runs } from '../../rig/fast-check.js';
import { git, gitRepository } from '../../rig/git-repository.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const raw = 'data/raw' as RepoPath;

describe('.gitignore', () => {
  test('the entry is added beside the path, once, and the lines of others stay', () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'data'));
    const file = join(root, 'data/.gitignore');
    writeFileSync(file, '# mine\n*.log');
    addToGitignore(root, raw);
    expect(readFileSync(file, 'utf8')).toBe('# mine\n*.log\n/raw\n');
    const before = statSync(file).ino;
    addToGitignore(root, raw);
    expect(statSync(file).ino).toBe(before);
    removeFromGitignore(root, raw);
    expect(readFileSync(file, 'utf8')).toBe('# mine\n*.log\n');
  });

  test('the line ends of the file are kept', () => {
    const root = temporaryFolder();
    writeFileSync(join(root, '.gitignore'), 'a\r\n');
    addToGitignore(root, 'b' as RepoPath);
    expect(readFileSync(join(root, '.gitignore'), 'utf8')).toBe('a\r\n/b\r\n');
  });

  test('lines that are not UTF-8 keep their bytes', () => {
    const root = temporaryFolder();
    const file = join(root, '.gitignore');
    const theirs = Buffer.from('caf\xe9\n\xff\xfe\n', 'latin1');
    writeFileSync(file, theirs);
    addToGitignore(root, 'müll' as RepoPath);
    expect(readFileSync(file)).toEqual(Buffer.concat([theirs, Buffer.from('/müll\n')]));
    addToGitignore(root, 'müll' as RepoPath);
    removeFromGitignore(root, 'müll' as RepoPath);
    expect(readFileSync(file)).toEqual(theirs);
  });

  test('git ignores exactly the named path, whatever characters it has', () => {
    const root = gitRepository();
    const names = [
      '#a',
      '!b',
      'c*',
      'd?',
      '[e]',
      'f\\g',
      'h ',
      ' i',
      'j k',
      '-l',
      'ä',
      '"m"',
      'n\no',
      '**',
      'p  ',
    ];
    for (const name of names) {
      const other = name.replaceAll(/[*?]/g, 'z').replaceAll('[e]', 'e');
      for (const each of [name, `x${name}`, `${name}x`]) writeFileSync(join(root, each), '');
      if (other !== name) writeFileSync(join(root, other), '');
      addToGitignore(root, name as RepoPath);
    }
    const listed = git(root, 'ls-files', '-z', '--others', '--ignored', '--exclude-standard');
    expect(listed.split('\0').filter(Boolean).sort()).toEqual([...names].sort());
  });

  test('git ignores a path with any name', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 12, unit: 'grapheme-ascii' })
      .filter(
        (text) => !/[/\0]/.test(text) && !['.', '..', '.git', '.gitignore'].includes(text.toLowerCase()),
      );
    const root = gitRepository();
    fc.assert(
      fc.property(name, fc.nat(9), (text, folder) => {
        const path = `d${folder}/${text}` as RepoPath;
        mkdirSync(join(root, dirname(path)), { recursive: true });
        writeFileSync(join(root, dirname(path), '.gitignore'), `${gitignoreEntry(path)}\n`);
        const input = `${path}\0`;
        const args = ['check-ignore', '--no-index', '-z', '--stdin'];
        expect(execFileSync('git', args, { cwd: root, input, encoding: 'utf8' })).toBe(input);
      }),
      { numRuns: runs(60) },
    );
  });
});
