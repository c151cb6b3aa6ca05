import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ignoreCheck } from '../../src/actions/ignore-check.js';
import { ignoreText } from '../../src/cli/ignore-text.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { WorkspaceFolder } from './workspace-folder.js';

function workspace(): WorkspaceFolder {
  const folder = new WorkspaceFolder(temporaryFolder());
  folder.init();
  folder.write('.ocrignore', '# notes\n*.tmp\n!keep.tmp\ncache/\n');
  folder.write('data/.ocrignore', '/x.log  \r\n');
  return folder;
}

describe('ignore check', () => {
  test('names the line that decides, whether or not the path exists', () => {
    const folder = workspace();
    folder.write('data/cache/a', '');
    const paths = ['data/a.tmp', 'data/keep.tmp', 'data/cache/a', 'cache', 'cache/', 'data/x.log', 'x.log'];
    expect(ignoreText(ignoreCheck({ paths }, folder.call)).split('\n')).toEqual([
      'data/a.tmp     left out by .ocrignore:2: *.tmp',
      'data/keep.tmp  kept by .ocrignore:3: !keep.tmp',
      'data/cache/a   left out with data/cache by .ocrignore:4: cache/',
      'cache          nothing leaves it out',
      'cache          left out by .ocrignore:4: cache/',
      'data/x.log     left out by data/.ocrignore:1: /x.log',
      'x.log          nothing leaves it out',
    ]);
    expect(ignoreCheck({ paths: ['data/cache/a'] }, folder.call)).toEqual([
      {
        path: 'data/cache/a',
        ignored: true,
        reason: 'rule',
        above: 'data/cache',
        rule: { file: '.ocrignore', line: 4, pattern: 'cache/', negated: false },
      },
    ]);
  });

  test('names what is never tracked', async () => {
    const folder = workspace();
    folder.write('data/raw/a', 'a');
    await folder.add('data/raw');
    const paths = ['.git/config', '.ocrstore', 'data/.ocrpipe-tmp-1-x', 'data/raw.ocr', '.'];
    expect(ignoreCheck({ paths }, folder.call).map(({ ignored, reason }) => [ignored, reason])).toEqual([
      [true, 'own-folder'],
      [true, 'own-folder'],
      [true, 'temporary'],
      [true, 'pointer'],
      [false, undefined],
    ]);
  });

  test('takes a name that is not UTF-8 as it is shown, and paths below a file', () => {
    const folder = workspace();
    folder.write('data/b', '');
    writeFileSync(folder.path('data/.ocrignore'), Buffer.from('caf\xe9\n', 'latin1'));
    expect(ignoreCheck({ paths: ['data/caf\\xe9', 'data/b/c'] }, folder.call)).toMatchObject([
      { path: 'data/caf\\xe9', ignored: true, rule: { file: 'data/.ocrignore', pattern: 'caf\\xe9' } },
      { path: 'data/b/c', ignored: false },
    ]);
  });

  test('refuses paths outside the workspace', () => {
    expect(() => ignoreCheck({ paths: ['../x'] }, workspace().call)).toThrow(
      expect.objectContaining({ code: 'path-outside-workspace' }),
    );
  });
});
