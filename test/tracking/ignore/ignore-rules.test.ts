import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RepoPath } from '../../../src/base/paths.js';
import { isIgnored } from '../../../src/tracking/ignore/rules-above.js';
import { gitRepository } from '../../rig/git-repository.js';
import { TrackedFolder } from '../tracked-folder.js';

const RULES = {
  '': '*.log\n!keep.log\n/top\nbuild/\n**/cache/**\ndoc/*.txt\n\\#x\nspace\\ \nim[a-c].png\nUpper\nlower.TXT\nMixed/\n# comment\n\n',
  'a/b/': '!x.log\nonly-here\n/anchored\n',
};
const FILES = [
  'x.log',
  'keep.log',
  'top',
  'a/top',
  'build/x',
  'a/build/keep.log',
  'a/b/build',
  'a/cache/x',
  'a/cache/d/x',
  'doc/x.txt',
  'doc/a/x.txt',
  '#x',
  'space ',
  'ima.png',
  'imd.png',
  'upper',
  'Upper',
  'UPPER/x',
  'a/lower.txt',
  'a/lower.TXT',
  'mixed/x',
  'Mixed/x',
  'a/b/x.log',
  'a/b/y.log',
  'a/b/c/x.log',
  'a/b/only-here',
  'a/b/c/only-here',
  'a/only-here',
  'a/b/anchored',
  'a/b/c/anchored',
];

describe('.ocrignore', () => {
  test('answers as git does for the same rules', () => {
    const root = gitRepository();
    for (const file of FILES) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      writeFileSync(join(root, file), '');
    }
    for (const [folder, rules] of Object.entries(RULES)) {
      writeFileSync(join(root, folder, '.gitignore'), rules);
      writeFileSync(join(root, folder, '.ocrignore'), rules);
    }
    const answer = execFileSync('git', ['check-ignore', '-z', '--stdin'], {
      cwd: root,
      input: FILES.join('\0'),
      encoding: 'utf8',
    });
    const git = new Set(answer.split('\0').filter(Boolean));
    const ours = new Set(FILES.filter((file) => isIgnored(root, file as RepoPath, false)));
    expect(ours).toEqual(git);
    expect(ours.size).toBeGreaterThan(8);
  });

  test('ignored files are neither stored nor removed, and changing them changes nothing', async () => {
    const folder = new TrackedFolder();
    folder.write('.ocrignore', '*.tmp\nscratch/\n');
    folder.write('data/a.txt', 'a');
    folder.write('data/b.tmp', 'b');
    folder.write('data/scratch/c', 'c');
    folder.write('data/.ocrpipe-tmp-1-x', 'left by a killed process');
    const first = await folder.add('data');
    expect(first.files).toBe(1);
    folder.write('data/b.tmp', 'other');
    expect(await folder.state('data')).toBe('clean');
    folder.write('data/a.txt', 'later');
    await folder.add('data');
    await folder.files().checkout('data' as RepoPath, first);
    expect(folder.read('data/a.txt')).toBe('a');
    expect(folder.read('data/b.tmp')).toBe('other');
    expect(folder.read('data/scratch/c')).toBe('c');
  });

  test('rules inside a tracked folder hold there and travel with it', async () => {
    const folder = new TrackedFolder();
    folder.write('data/.ocrignore', '*.bak\n');
    folder.write('data/a', 'a');
    folder.write('data/sub/b.bak', 'b');
    expect((await folder.add('data')).files).toBe(2);
    folder.remove('data');
    await folder.checkout('data');
    expect(folder.names('data')).toEqual(['.ocrignore', 'a', 'sub']);
  });

  test('pointers in a folder are passed over, other files of that name are data', async () => {
    const folder = new TrackedFolder();
    folder.write('data/raw/x', 'x');
    await folder.add('data/raw');
    folder.write('data/text.ocr', 'recognised text');
    const listed = await folder.files().snapshot('data' as RepoPath);
    expect(listed?.files).toBe(3);
  });
});
