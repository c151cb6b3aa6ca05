import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';

const LARGE = 1_100_000;
let workspace: TestWorkspace;

beforeAll(async () => {
  workspace = await newWorkspace(temporaryFolder(afterAll));
  workspace.write('data/large', new Uint8Array(LARGE));
  workspace.write('data/small', 'text');
  await workspace.ocrpipe('add', 'data');
});

/** Writes into the file that workspace and store share. */
function writeThrough(fill: number): void {
  const file = workspace.path('data/large');
  chmodSync(file, 0o644);
  writeFileSync(file, new Uint8Array(LARGE).fill(fill), { flag: 'r+' });
}

describe('an edit through a hard link, which lost the former bytes', () => {
  test('is not said to be undone by checkout: fsck, or the remote that has them, is named', async () => {
    await workspace.ocrpipe('checkout', '--link', 'hardlink');
    writeThrough(1);
    const tracked = [{ path: 'data', cause: 'edited', inStore: false }];
    expect(await workspace.json('status')).toMatchObject({ tracked });
    const text = await workspace.ocrpipe('status');
    expect(text).toContain("'ocrpipe fsck --repair'");
    expect(text).not.toContain('checkout');
  });

  test('is undone as status says where a remote has them', async () => {
    await workspace.ocrpipe('commit', 'data');
    mkdirSync(workspace.path('remote'));
    await workspace.ocrpipe('remote', 'add', 'store', 'remote', '--default');
    await workspace.ocrpipe('push');
    await workspace.ocrpipe('checkout', '--link', 'hardlink');
    writeThrough(2);
    const text = await workspace.ocrpipe('status');
    expect(text).toContain("'ocrpipe pull --force data' brings that back");
    await workspace.type('ocrpipe pull --force data');
    expect(workspace.read('data/large').charCodeAt(0)).toBe(1);
    expect(await workspace.ocrpipe('status')).not.toContain('edited');
  });

  test('is told from an edit that checkout undoes', async () => {
    workspace.write('data/small', 'other');
    const text = await workspace.ocrpipe('status');
    expect(text).toContain("'ocrpipe checkout --force data' undoes it");
  });
});
