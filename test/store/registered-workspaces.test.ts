import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { absPath } from '../../src/base/paths.js';
import { registeredWorkspaces, registerWorkspace } from '../../src/store/registered-workspaces.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newStore } from './new-store.js';

const A = { root: absPath('/home/a/plates'), machine: 'one' };
const B = { root: absPath('/home/b/plates'), machine: 'one' };

test('a store knows who uses it, whoever asks, and a workspace counts once', () => {
  const store = newStore();
  registerWorkspace(store, A);
  registerWorkspace(store, B);
  registerWorkspace(store, A);
  const { workspaces, unreadable } = registeredWorkspaces(store);
  expect(workspaces.map(({ root }) => root).sort()).toEqual([A.root, B.root]);
  expect(unreadable).toEqual([]);
});

test('the file can be read by everybody, and is written again when an hour has passed', () => {
  const store = newStore();
  const start = new Date('2026-03-01T10:00:00Z');
  const used = () => registeredWorkspaces(store).workspaces[0]!.used.toISOString();
  registerWorkspace(store, A, start);
  registerWorkspace(store, A, new Date('2026-03-01T10:59:00Z'));
  expect(used()).toBe('2026-03-01T10:00:00.000Z');
  registerWorkspace(store, A, new Date('2026-03-01T11:01:00Z'));
  expect(used()).toBe('2026-03-01T11:01:00.000Z');
  const [name] = readdirSync(join(store, 'workspaces'));
  expect(statSync(join(store, 'workspaces', name!)).mode & 0o777).toBe(0o644);
});

test('a file that does not say whom it stands for is named, not passed over', () => {
  const store = newStore();
  registerWorkspace(store, A);
  const broken = join(store, 'workspaces', `${'0'.repeat(32)}.json`);
  writeFileSync(broken, '{"version": 2}');
  const { workspaces, unreadable } = registeredWorkspaces(store);
  expect(workspaces).toHaveLength(1);
  expect(unreadable).toEqual([broken]);
});

test('where the store is not mounted, nobody is registered and nothing is made', () => {
  const empty = temporaryFolder();
  expect(() => {
    registerWorkspace(empty, A);
  }).toThrow(expect.objectContaining({ code: 'store-gone', exitCode: 2 }));
  expect(readdirSync(empty)).toEqual([]);
});
