import { spawn } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { AbsPath, RepoPath } from '../../src/base/paths.js';
import { Workspace } from '../../src/project/workspace.js';
import { verifyStore } from '../../src/store/verify.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';
import { WorkspaceFolder } from './workspace-folder.js';

const CHILD = fileURLToPath(new URL('action-child.mjs', import.meta.url));
const data = 'data' as RepoPath;

/** Writes what `version` of the data holds: files changed, added, removed, a folder that becomes a file, a link that moves. */
function writeVersion(folder: WorkspaceFolder, version: 1 | 2): void {
  folder.remove('data');
  folder.write('data/same', 'the same in both');
  folder.write('data/changed', `version ${version}`);
  folder.write('data/large', Buffer.alloc(1_100_000, version));
  folder.write(`data/only-${version}`, `only in ${version}`);
  folder.write(`data/new-folder-${version}/deep/file`, `deep ${version}`);
  folder.write(version === 1 ? 'data/kind/inside' : 'data/kind', 'a folder, then a file');
  symlinkSync(version === 1 ? 'same' : 'changed', folder.path('data/link'));
}

/** Runs an action in a process that dies at its n-th write; true if it came to its end before. */
function runUntil(folder: WorkspaceFolder, write: number, [name, input]: [string, object]): Promise<boolean> {
  const child = spawn(process.execPath, [CHILD, folder.root, name, JSON.stringify(input)], {
    env: { ...process.env, OCRPIPE_TEST_KILL_AT: String(write) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.on('exit', (code, signal) => {
      if (signal === 'SIGKILL' || code === 0) resolve(code === 0);
      else reject(new Error(`the action ended with ${String(code)}`));
    });
  });
}

/** Kills the action at its first write, its second, … in a fresh copy each time, and calls `check` after each. */
async function killEverywhere(
  prepared: WorkspaceFolder,
  action: [string, object],
  check: (folder: WorkspaceFolder) => Promise<void>,
): Promise<number> {
  const copies = temporaryFolder();
  for (let write = 1; ; write += 1) {
    const folder = new WorkspaceFolder(join(copies, String(write)) as AbsPath);
    cpSync(prepared.root, folder.root, { recursive: true, verbatimSymlinks: true });
    if (await runUntil(folder, write, action)) return write - 1;
    expectSound(folder);
    await check(folder);
  }
}

/** Nothing in the store is damaged, and every pointer names what is there. */
function expectSound(folder: WorkspaceFolder): void {
  const workspace = Workspace.open(folder.call, 'test');
  for (const finding of verifyStore(workspace.store)) expect(finding).toBeUndefined();
  for (const { snapshot } of workspace.files.pointers()) expect(workspace.files.inStore(snapshot)).toBe(true);
  workspace.close();
}

async function twoVersions(): Promise<{ folder: WorkspaceFolder; first: string[]; second: string[] }> {
  const folder = new WorkspaceFolder(temporaryFolder());
  folder.init();
  writeVersion(folder, 1);
  await folder.add('data');
  const first = listing(folder.path('data'));
  writeVersion(folder, 2);
  return { folder, first, second: listing(folder.path('data')) };
}

// Each write costs a process of its own.
describe('a command that is killed at any of its writes', { timeout: 300_000 }, () => {
  test.each([
    ['add', { paths: ['data'] }],
    ['commit', { targets: [] }],
  ])('%s: no byte of the user is lost, and running it again finishes the work', async (name, input) => {
    const { folder, second } = await twoVersions();
    const before = folder.read('data.ocr');
    const kills = await killEverywhere(folder, [name, input], async (killed) => {
      expect(listing(killed.path('data'))).toEqual(second);
      await (name === 'add' ? killed.add('data') : killed.commit());
      expect(listing(killed.path('data'))).toEqual(second);
      expect(killed.read('data.ocr')).not.toBe(before);
      expect(await killed.state('data')).toBe('clean');
    });
    expect(kills).toBeGreaterThan(8);
  });

  test('checkout over another version: each file is the old or the new one, and running it again finishes', async () => {
    const { folder, first, second } = await twoVersions();
    const old = folder.read('data.ocr');
    await folder.add('data');
    folder.write('data.ocr', old);
    const either = new Set([...first, ...second]);
    const kills = await killEverywhere(folder, ['checkout', { paths: [], force: false }], async (killed) => {
      for (const entry of listing(killed.path('data')).filter(isNoTemporary)) expect(either).toContain(entry);
      const workspace = Workspace.open(killed.call, 'test');
      const { state } = await workspace.files.state(data);
      expect(['pointer-moved', 'clean']).toContain(state);
      await killed.checkout();
      expect(listing(killed.path('data'))).toEqual(first);
      expect(await killed.state('data')).toBe('clean');
    });
    expect(kills).toBeGreaterThan(15);
  });

  test('checkout where nothing was: it is there as a whole or not at all', async () => {
    const { folder, second } = await twoVersions();
    await folder.add('data');
    folder.remove('data');
    await killEverywhere(folder, ['checkout', { paths: [], force: false }], async (killed) => {
      if ((await killed.state('data')) !== 'missing') expect(listing(killed.path('data'))).toEqual(second);
      await killed.checkout();
      expect(listing(killed.path('data'))).toEqual(second);
      expect(listing(killed.root).filter((name) => !isNoTemporary(name))).toEqual([]);
    });
  });

  test('init: running it again makes a whole workspace', async () => {
    const empty = new WorkspaceFolder(temporaryFolder());
    const copies = temporaryFolder();
    for (let write = 1; ; write += 1) {
      const folder = new WorkspaceFolder(join(copies, String(write)) as AbsPath);
      cpSync(empty.root, folder.root, { recursive: true });
      if (await runUntil(folder, write, ['init', { git: false }])) break;
      folder.init();
      folder.write('data/a', 'a');
      await folder.add('data');
      expect(folder.read('.ocrstore/config.yaml')).toBe('version: 1\n');
    }
  });
});

/** What a killed process left beside the files; no command takes it for one of them. */
function isNoTemporary(entry: string): boolean {
  return !entry.includes('.ocrpipe-tmp-');
}
