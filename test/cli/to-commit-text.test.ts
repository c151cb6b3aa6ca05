import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { toCommitLines } from '../../src/cli/to-commit-text.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** What git holds after the command that a line names was typed in a shell. */
function held(folder: string, line: string): string[] {
  execFileSync('sh', ['-c', line.replace('To commit: ', '')], { cwd: folder });
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: folder, encoding: 'utf8' });
  return listed.split('\0').filter((name) => name !== '');
}

describe('the command to type next', () => {
  const many = Array.from({ length: 12 }, (_each, number) => `a b/${number}.jpg.ocr`);

  test('names a few files, and nothing where there are none', () => {
    expect(toCommitLines([])).toEqual([]);
    expect(toCommitLines(['a b/.gitignore', 'a b/1.jpg.ocr'])).toEqual([
      'To commit: git add "a b/.gitignore" "a b/1.jpg.ocr"',
    ]);
  });

  test('adds the files that it stands for, however many they are, and none of other folders', () => {
    const files = ['.gitignore', 'top.ocr', 'a b/.gitignore', ...many, 'odd[1]/x.ocr', 'odd[1]/y.ocr'];
    const others = ['a b/deeper/z.ocr', 'other.txt', 'odd[1]/z.ocr'];
    const folder = temporaryFolder();
    execFileSync('git', ['init', '-q'], { cwd: folder });
    for (const name of [...files, ...others]) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), name.endsWith('.gitignore') ? '' : name);
    }
    const [line] = toCommitLines(files);
    expect(line!.length).toBeLessThan(120);
    expect(held(folder, line!)).toEqual([...files].sort());
  });
});
