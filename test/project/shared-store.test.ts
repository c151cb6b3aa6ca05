import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { absPath } from '../../src/base/paths.js';
import { LocalStore } from '../../src/store/local-store.js';
import { registeredWorkspaces } from '../../src/store/registered-workspaces.js';
import { WorkspaceFolder } from '../actions/workspace-folder.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

/** Two workspaces beside a store that both use. */
function twoWorkspaces() {
  const folder = temporaryFolder();
  const store = join(folder, 'store');
  LocalStore.create(store).close();
  const [a, b] = ['a', 'b'].map((name) => {
    mkdirSync(join(folder, name));
    const workspace = new WorkspaceFolder(absPath(join(folder, name)));
    workspace.init();
    workspace.write('.ocrstore/config.local.yaml', 'store: {path: ../store}\n');
    return workspace;
  });
  return { a: a!, b: b!, store };
}

test('what one workspace stored, the other checks out, and both are known to the store', async () => {
  const { a, b, store } = twoWorkspaces();
  a.write('data/x.txt', 'the same');
  await a.add('data');
  b.write('data.ocr', a.read('data.ocr'));
  await b.checkout();
  expect(b.read('data/x.txt')).toBe('the same');
  expect(readdirSync(join(b.path('.ocrstore'), 'packs'))).toEqual([]);
  const { workspaces } = registeredWorkspaces(store);
  expect(workspaces.map(({ root }) => root).sort()).toEqual([a.root, b.root]);
});

test('a shared store that is not mounted is named, and nothing is made in its place', async () => {
  const { a, store } = twoWorkspaces();
  a.write('data/x.txt', 'x');
  renameSync(store, `${store}-away`);
  await expect(a.add('data')).rejects.toMatchObject({ code: 'store-not-there', exitCode: 2 });
  mkdirSync(store);
  await expect(a.add('data')).rejects.toMatchObject({ code: 'store-not-there' });
  expect(readdirSync(store)).toEqual([]);
  expect(readdirSync(a.root)).not.toContain('data.ocr');
});

test('a workspace whose own store another one uses is known there too', async () => {
  const { a, b } = twoWorkspaces();
  b.remove('.ocrstore/config.local.yaml');
  a.write('.ocrstore/config.local.yaml', 'store: {path: ../b/.ocrstore}\n');
  a.write('data/x.txt', 'x');
  await a.add('data');
  const { workspaces } = registeredWorkspaces(b.path('.ocrstore'));
  expect(workspaces.map(({ root }) => root).sort()).toEqual([a.root, b.root]);
});
