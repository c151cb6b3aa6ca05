import { randomBytes } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AbsPath } from '../../src/base/paths.js';
import { killedAt, type ActionInput } from '../rig/action-process.js';
import { crashesOf, twiceEach } from '../rig/crashes.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { listing } from '../tracking/listing.js';
import { expectSound } from './expect-sound.js';
import { WorkspaceFolder } from './workspace-folder.js';

function writeVersion(folder: WorkspaceFolder, version: number): void {
  folder.write('data/changed', `version ${version}`);
  folder.write('data/large', Buffer.alloc(1_100_000, version));
  folder.write(`data/new-${version}/deep/file`, `new in ${version}`);
  folder.remove(`data/new-${version - 1}`);
}

/** Two versions stored; the second one is in the workspace, and the pointer names the first. */
async function pointerMovedBack() {
  const folder = new WorkspaceFolder(temporaryFolder());
  folder.init();
  writeVersion(folder, 1);
  await folder.add('data');
  const first = { pointer: folder.read('data.ocr'), listing: listing(folder.path('data')) };
  writeVersion(folder, 2);
  const unstored = new WorkspaceFolder(temporaryFolder());
  cpSync(folder.root, unstored.root, { recursive: true });
  await folder.add('data');
  folder.write('data.ocr', first.pointer);
  return { folder, unstored, first, second: listing(folder.path('data')) };
}

describe('processes that are killed by the system', { timeout: 600_000 }, () => {
  test('leave at every write of add, commit and checkout what the next one finishes', async () => {
    const { folder, unstored, first, second } = await pointerMovedBack();
    const trials: [WorkspaceFolder, ActionInput, string[]][] = [
      [unstored, ['add', { paths: ['data'] }], second],
      [unstored, ['commit', { targets: [] }], second],
      [folder, ['checkout', { targets: [], force: false }], first.listing],
    ];
    for (const [prepared, action, then] of trials) {
      const copies = temporaryFolder();
      let write = 1;
      for (; ; write += 1) {
        const killed = new WorkspaceFolder(join(copies, String(write)) as AbsPath);
        cpSync(prepared.root, killed.root, { recursive: true, preserveTimestamps: true });
        const died = await killedAt(killed.root, write, action);
        await expectSound(killed);
        if (!died) break;
        expect(await killedAt(killed.root, 0, action)).toBe(false);
        await expectSound(killed);
        expect(listing(killed.path('data'))).toEqual(then);
        expect(await killed.state('data')).toBe('clean');
        rmSync(killed.root, { recursive: true });
      }
      expect(write).toBeGreaterThan(8);
    }
  });

  test('leave whole packs of an add that fills several', async () => {
    const folder = new WorkspaceFolder(temporaryFolder());
    folder.init();
    // Packs are closed at 64 MiB.
    for (let file = 0; file < 75; file += 1) folder.write(`data/${file}`, randomBytes(1_000_000));
    const before = listing(folder.path('data'));
    const crashes = await crashesOf(folder.root, () => folder.add('data'), twiceEach());
    expect(crashes.length).toBeGreaterThan(8);
    for (const { root } of crashes) {
      const killed = new WorkspaceFolder(root as AbsPath);
      await expectSound(killed);
      await killed.add('data');
      await expectSound(killed);
      expect(listing(killed.path('data'))).toEqual(before);
      rmSync(root, { recursive: true });
    }
  });

  test('leave nothing in place of a checkout by several threads', async () => {
    const folder = new WorkspaceFolder(temporaryFolder());
    folder.init();
    for (let file = 0; file < 4000; file += 1) folder.write(`data/${file % 7}/${file}`, `file ${file}`);
    await folder.add('data');
    const before = listing(folder.path('data'));
    // The first thread writes a thousand files, others the rest; each counts its own writes.
    for (const write of [1, 500, 1000, 1015, 1100, 1200, 1300]) {
      folder.remove('data');
      if (await killedAt(folder.root, write, ['checkout', { targets: [], force: false }]))
        expect(await folder.state('data')).toBe('missing');
      await folder.checkout();
      expect(listing(folder.path('data'))).toEqual(before);
      expect(listing(folder.root).filter((name) => name.includes('.ocrpipe-tmp-'))).toEqual([]);
    }
  });
});
