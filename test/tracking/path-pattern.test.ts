import { afterAll, describe, expect, it } from 'vitest';
import type { RepoPath } from '../../src/base/paths.js';
import { contentIdOf } from '../../src/base/content-id.js';
import { buildTree, sortedEntries } from '../../src/store/tree-builder.js';
import type { TreeEntry } from '../../src/store/tree-format.js';
import { byteNameOfText } from '../../src/store/byte-name.js';
import { LocalStore } from '../../src/store/local-store.js';
import { alongPath, pathPattern, pathsMatching } from '../../src/tracking/path-pattern.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const pattern = (text: string) => pathPattern(text as RepoPath);
const along = (text: string, path: string) => {
  const found = alongPath(pattern(text), path as RepoPath);
  return typeof found === 'object' ? `below: ${found.text}` : found;
};

describe('a pattern of paths', () => {
  it.each([
    ['data/*', 'data/raw', 'whole'],
    ['dat?', 'data/raw', 'whole'],
    ['*', 'data/raw', 'whole'],
    ['**', 'data/raw', 'whole'],
    ['data/**', 'data/raw', 'whole'],
    ['**/raw', 'data/raw', 'whole'],
    ['**/raw', 'raw', 'whole'],
    ['data/raw/a*', 'data/raw', 'below: a*'],
    ['data/*/a*/b', 'data/raw', 'below: a*/b'],
    ['data/raw/**', 'data/raw', 'whole'],
    ['**/a*', 'data/raw', 'below: **/a*'],
    ['data/r[ab]w', 'data/raw', 'whole'],
    ['data/r[!a]w', 'data/raw', undefined],
    ['models/*', 'data/raw', undefined],
    ['data/raw.*', 'data/raw', undefined],
  ])('%s means of %s: %s', (text, path, meant) => {
    expect(along(text, path)).toBe(meant);
  });
});

describe('the paths of a directory that a pattern means', () => {
  const store = LocalStore.create(temporaryFolder(afterAll));
  const writer = store.writer();
  type Folder = { [name: string]: Folder | null };
  const put = (folder: Folder): ReturnType<typeof buildTree> => {
    const entries = Object.entries(folder).map(([text, below]): TreeEntry => {
      const name = byteNameOfText(text);
      if (below) return { kind: 'directory', name, ...put(below) };
      return { kind: 'file', name, executable: false, size: 1, id: contentIdOf(text) };
    });
    return buildTree(sortedEntries(entries), (node) => writer.putTree(node, 'tree'));
  };
  const { id } = put({
    a1: null,
    a2: { x: null, y: { a3: null } },
    b: { x: null, 'a[1].png': null, 'a1.png': null },
    c: { x1: null, d: { x2: null, x3: null } },
    grün: null,
  });
  writer.finish();

  it.each([
    ['a*', ['a1', 'a2']],
    ['*/x', ['a2/x', 'b/x']],
    ['**/a*', ['a1', 'a2', 'b/a1.png', 'b/a[1].png']],
    ['**/y/*', ['a2/y']],
    ['*/**/a3', ['a2/y']],
    ['b/a[1].png', ['b/a[1].png']],
    ['b/a[1-2].png', ['b/a1.png']],
    ['c/x*', ['c/x1']],
    ['c/**/x*', ['c']],
    ['c/d/x*', ['c/d']],
    ['[!z]*', ['']],
    ['gr??n', ['gr\u00c3\u00bcn']],
    ['nothing*', []],
    ['a1/*', []],
  ])('for %s are %j', (text, paths) => {
    expect(pathsMatching({ reader: store, id }, pattern(text)).sort()).toEqual(paths);
  });
});
