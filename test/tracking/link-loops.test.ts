import { readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { OcrpipeError } from '../../src/base/errors.js';
import type { RepoPath } from '../../src/base/paths.js';
import { byteNameOfText } from '../../src/store/byte-name.js';
import { buildTree } from '../../src/store/tree-builder.js';
import { TrackedFolder } from './tracked-folder.js';

function folderWith(links: Readonly<Record<string, string>>): TrackedFolder {
  const folder = new TrackedFolder();
  folder.write('data/sub/file', 'text');
  for (const [name, target] of Object.entries(links)) symlinkSync(target, folder.path(`data/${name}`));
  return folder;
}

describe('links that lead to themselves', () => {
  test.each<[string, Record<string, string>, string]>([
    ['alone', { x: 'x' }, 'data/x leads to itself: data/x -> data/x'],
    ['in a ring', { x: 'y', y: 'x' }, 'data/x leads to itself: data/x -> data/y -> data/x'],
    ['through others', { a: 'x', x: 'x' }, 'data/a leads to itself: data/a -> data/x -> data/x'],
    ['through folders', { 'sub/x': '../y', y: 'sub/x' }, 'data/sub/x leads to itself'],
    ['below themselves', { x: 'x/y' }, 'data/x leads to itself'],
  ])('are refused by name, and stored nowhere: %s', async (_how, links, message) => {
    const folder = folderWith(links);
    const error = await folder.add('data').then(
      () => undefined,
      (thrown: unknown) => thrown as OcrpipeError,
    );
    expect([error?.code, error?.exitCode]).toEqual(['link-loop', 2]);
    expect(error?.message).toContain(message);
    expect(folder.names('.')).not.toContain('data.ocr');
  });

  test('a link to a folder around it is none, nor one to nothing: nobody walks through them', async () => {
    const folder = folderWith({ 'sub/up': '..', 'sub/here': '.', nothing: 'nowhere' });
    const { files } = await folder.add('data');
    expect(files).toBe(4);
    folder.remove('data');
    await folder.checkout('data');
    expect(readdirSync(folder.path('data/sub')).sort()).toEqual(['file', 'here', 'up']);
    expect(readlinkSync(folder.path('data/sub/up'))).toBe('..');
    expect(await folder.state('data')).toBe('clean');
    await folder.files().unlink('data' as RepoPath);
    expect(await folder.files().remove('data' as RepoPath, { force: false })).toBe(true);
    expect(folder.names('.')).not.toContain('data');
  });

  test('of an older version are put back as they were, and their state can be told', async () => {
    const folder = folderWith({});
    const writer = folder.store.writer();
    const link = (name: string, target: string) =>
      ({ kind: 'symlink', name: byteNameOfText(name), target }) as const;
    const { id, files, bytes } = buildTree([link('x', 'y'), link('y', 'x')], (node) =>
      writer.putTree(node, 'tree'),
    );
    writer.finish();
    const old = { id, kind: 'directory', files, size: bytes } as const;
    await folder.files().checkout('old' as RepoPath, old);
    expect(readlinkSync(folder.path('old/x'))).toBe('y');
    await folder.files().writePointer('old' as RepoPath, old);
    expect(await folder.state('old')).toBe('clean');
    folder.write('old/edit', 'e');
    expect(await folder.state('old')).toBe('modified');
  });
});
