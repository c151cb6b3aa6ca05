import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';

const PATHS = ['data', 'small', 'large'];
let workspace: TestWorkspace;

beforeAll(async () => {
  workspace = await newWorkspace(temporaryFolder(afterAll));
  workspace.write('data/a', 'a1');
  workspace.write('small', 'text');
  workspace.write('large', new Uint8Array(1_100_000));
  await workspace.ocrpipe('add', ...PATHS);
  await workspace.commit('first');
});

beforeEach(async () => {
  await workspace.git('checkout', '--', '.');
  await workspace.ocrpipe('checkout');
  workspace.write('data.ocr', workspace.read('data.ocr').replace('files: 1', 'files: 77'));
  for (const path of ['small', 'large']) {
    workspace.write(`${path}.ocr`, workspace.read(`${path}.ocr`).replace(/size: \d+/, 'size: 5'));
  }
});

describe('a pointer whose figures are not those of what it names', () => {
  test('is named by status with what both say, and is no edit', async () => {
    const { tracked } = await workspace.json<{ tracked: { path: string }[] }>('status');
    const wrong = { state: 'modified', cause: 'miscounted', problem: { code: 'pointer-miscounted' } };
    expect(tracked).toMatchObject(['data', 'large', 'small'].map((path) => ({ path, ...wrong })));
    const text = (await workspace.run(['status'])).stdout;
    expect(text).toContain('data.ocr says 77 files of 2 bytes, and what its id names has 1 file of 2 bytes');
    expect(text).not.toContain('checkout --force');
  });

  test('is found by fsck, which misses nothing else', async () => {
    const { exitCode, stdout } = await workspace.run(['fsck', '--json']);
    expect(exitCode).toBe(3);
    const wrong = { code: 'pointer-miscounted' };
    expect(JSON.parse(stdout)).toMatchObject({ damaged: [], missing: [], problems: [wrong, wrong, wrong] });
  });

  test('puts the bytes of its id in place all the same, and is corrected by commit', async () => {
    for (const path of PATHS) workspace.remove(path);
    const { exitCode, stderr } = await workspace.run(['checkout']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("'ocrpipe commit small' corrects it");
    expect(workspace.read('small')).toBe('text');
    expect(await workspace.ocrpipe('commit')).toContain('small  figures of the pointer corrected');
    expect(await workspace.git('status', '--short')).toBe('');
  });
});
