import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { errorText } from '../../../src/cli/error-report.js';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { OcrpipeError } from '../../../src/base/errors.js';
import type { AbsPath, RepoPath } from '../../../src/base/paths.js';
import { findPointers } from '../../../src/tracking/pointers/find-pointers.js';
import { readPointer } from '../../../src/tracking/pointers/pointer-file.js';
import { pathOfPointer, pointerText } from '../../../src/tracking/pointers/plain-pointer.js';
import { parsePointer } from '../../../src/tracking/pointers/pointer.js';
import type { Snapshot } from '../../../src/tracking/workspace-files.js';
import fc from '../../rig/fast-check.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const ID = contentIdOf('x');
const DIRECTORY = `version: 1\nid: ${ID}\nkind: directory\nsize: 5\nfiles: 2\n`;

describe('pointers', () => {
  test('what is written is read again, and is the same text for the same snapshot', () => {
    const size = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    const id = fc.string().map(contentIdOf);
    const snapshots = fc.oneof(
      fc.record({ id, kind: fc.constant('directory' as const), size, files: size }),
      fc.record({ id, kind: fc.constant('file' as const), size }),
      fc.record({ id, kind: fc.constant('file' as const), size, executable: fc.constant(true) }),
    );
    fc.assert(
      fc.property(snapshots, (snapshot: Snapshot) => {
        expect(parsePointer(pointerText(snapshot), 'x.ocr')).toEqual(snapshot);
      }),
    );
  });

  test('the text is the documented one', () => {
    expect(pointerText({ id: ID, kind: 'directory', size: 5, files: 2 })).toBe(DIRECTORY);
  });

  test.each([
    ['an unknown key', `${DIRECTORY}file: 2\n`, 6, /'file'/],
    ['an unknown version', DIRECTORY.replace('version: 1', 'version: 2'), 1, /version/],
    ['an id that is none', DIRECTORY.replace(ID, 'abc'), 2, /content id/],
    ['an unknown kind', DIRECTORY.replace('directory', 'folder'), 3, /kind/],
    ['a negative size', DIRECTORY.replace('size: 5', 'size: -5'), 4, /size/],
    ['a size that is no number', DIRECTORY.replace('size: 5', 'size: five'), 4, /size/],
    ['no count of files', DIRECTORY.replace('files: 2\n', ''), 1, /files/],
    ['an executable directory', `${DIRECTORY}executable: true\n`, 6, /executable/],
    ['an anchor', DIRECTORY.replace('id: ', 'id: &a '), 2, /anchor/],
    ['a list', '- 1\n', 1, /not valid/],
    ['text that is no YAML', 'version: [', 1, /YAML/],
  ])('%s is refused with its place', (_what, text, line, message) => {
    const error = errorOf(() => parsePointer(text, 'data/raw.ocr'));
    expect(error).toMatchObject({
      code: 'broken-pointer',
      exitCode: 2,
      location: { file: 'data/raw.ocr', line },
    });
    expect(error.message).toMatch(message);
    expect(
      errorText(error)
        .split('[')[0]
        ?.match(/raw\.ocr/g),
    ).toHaveLength(1);
    expect(error.hint).toMatch(/git checkout -- data\/raw\.ocr/);
  });

  test.each(['version', 'id', 'kind', 'size', 'files'])('a missing %s is called missing', (key) => {
    const text = DIRECTORY.replace(new RegExp(`^${key}:.*\n`, 'm'), '');
    expect(errorOf(() => parsePointer(text, 'x.ocr')).message).toMatch(new RegExp(`'${key}' is missing`));
  });

  test('a nearly known key is named', () => {
    const text = DIRECTORY.replace('files:', 'flies:');
    expect(errorOf(() => parsePointer(text, 'x.ocr')).hint).toMatch(/Did you mean 'files'/);
  });

  test('conflict markers are told from other mistakes', () => {
    const text = `version: 1\n<<<<<<< HEAD\nid: ${ID}\n=======\nid: ${ID}\n>>>>>>> b\n`;
    expect(errorOf(() => parsePointer(text, 'x.ocr'))).toMatchObject({
      code: 'conflict-markers',
      location: { line: 2, column: 1 },
    });
  });

  test('a file that is far too long is refused unread', () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'x.ocr'), `${DIRECTORY}${'#'.repeat(70_000)}`);
    expect(errorOf(() => readPointer(root, 'x' as RepoPath))).toMatchObject({
      code: 'broken-pointer',
      exitCode: 2,
    });
    expect(readPointer(root, 'absent/x' as RepoPath)).toBeUndefined();
    expect(readPointer(root, 'x.ocr/below' as RepoPath)).toBeUndefined();
  });

  test.each([
    ['recognised text', 'OCR of page 1\nversion: 2\n', undefined],
    ['an empty text', '', undefined],
    ['a list', '- 1\n', undefined],
    ['a pointer of another version', DIRECTORY.replace('version: 1', 'version: 2'), 'broken-pointer'],
    ['a pointer cut short', 'version: 1\nid: abc', 'broken-pointer'],
    ['a pointer with a comment above', `# mine\n\n${DIRECTORY}`, 'sound'],
    ['a merge that is not resolved', '<<<<<<< HEAD\nversion: 1\n', 'broken-pointer'],
  ])('a file named like a pointer with %s is one, or is not', (_what, text, outcome) => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'x.ocr'), text);
    const found = findPointers(root, { gitignore: false });
    expect(found).toEqual(outcome === undefined ? [] : ['x']);
    if (outcome === undefined) expect(readPointer(root, 'x' as RepoPath)).toBeUndefined();
    else if (outcome === 'sound') expect(readPointer(root, 'x' as RepoPath)).toMatchObject({ files: 2 });
    else
      expect(errorOf(() => readPointer(root, 'x' as RepoPath)).code).toMatch(
        /broken-pointer|conflict-markers/,
      );
  });

  test('a file that says nothing is a pointer that lost its text if it stands beside what it would point to', () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'x.ocr'), '\0\0');
    expect(findPointers(root, { gitignore: false })).toEqual([]);
    writeFileSync(join(root, 'x'), 'data');
    expect(findPointers(root, { gitignore: false })).toEqual(['x']);
    expect(errorOf(() => readPointer(root, 'x' as RepoPath))).toMatchObject({ code: 'broken-pointer' });
  });

  test('pointers of a workspace below this one are its own', () => {
    const root = temporaryFolder();
    for (const folder of ['other/.ocrstore', 'other/deeper', 'mine']) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    for (const file of ['other/x.ocr', 'other/deeper/x.ocr', 'mine/x.ocr']) {
      writeFileSync(join(root, file), DIRECTORY);
    }
    expect(findPointers(root, { gitignore: false })).toEqual(['mine/x']);
    expect(findPointers(join(root, 'other') as AbsPath, { gitignore: false })).toEqual(['deeper/x', 'x']);
  });

  test('a key of the other kind is named as unknown, not as a misspelling of itself', () => {
    const error = errorOf(() => parsePointer(DIRECTORY.replace('directory', 'file'), 'x.ocr'));
    expect(error.message).toContain("unknown key 'files'");
    expect(error.hint).not.toContain("Did you mean 'files'");
  });

  test('hints quote names for the shell', () => {
    const error = errorOf(() => parsePointer('version: 2', "-it's a.ocr"));
    expect(error.hint).toContain(`git checkout -- "./-it's a.ocr"`);
    expect(error.hint).toContain(`ocrpipe add "./-it's a"`);
  });

  test('names of pointers are told from others', () => {
    expect(pathOfPointer('data/raw.ocr' as RepoPath)).toBe('data/raw');
    expect(pathOfPointer('data/.ocr' as RepoPath)).toBeUndefined();
    expect(pathOfPointer('.ocr' as RepoPath)).toBeUndefined();
    expect(pathOfPointer('.git.ocr' as RepoPath)).toBeUndefined();
    for (const name of ['...ocr', '..ocr', 'data/...ocr', 'data/..ocr'])
      expect(pathOfPointer(name as RepoPath)).toBeUndefined();
    expect(pathOfPointer('....ocr' as RepoPath)).toBe('...');
    expect(pathOfPointer('a/.OcrStore.ocr' as RepoPath)).toBeUndefined();
    expect(pathOfPointer('data/raw' as RepoPath)).toBeUndefined();
  });
});

function errorOf(work: () => unknown): OcrpipeError {
  try {
    work();
  } catch (error) {
    return error as OcrpipeError;
  }
  throw new Error('nothing was thrown');
}
