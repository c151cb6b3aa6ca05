import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, TestWorkspace } from '../rig/workspace.js';

const folder = temporaryFolder(afterAll);
let started: TestWorkspace;

beforeAll(async () => {
  started = await newWorkspace(join(folder, 'first'));
  started.write('data/a', 'a1');
  started.write('own.ocr', 'recognised text');
  await started.ocrpipe('add', 'data');
  await started.commit('first');
});

/** A workspace whose pointer was overwritten, and of the traces of what stood there only some. */
function overwritten(...traces: ('gitignore' | 'memory' | 'git')[]): TestWorkspace {
  const root = mkdtempSync(join(folder, 'copy-'));
  cpSync(started.root, root, { recursive: true });
  const workspace = new TestWorkspace(root);
  workspace.write('data.ocr', 'id: zz\n');
  if (!traces.includes('gitignore')) workspace.write('.gitignore', '');
  if (!traces.includes('memory')) workspace.remove('.ocrstore/index');
  if (!traces.includes('git')) workspace.remove('.git/index');
  return workspace;
}

describe('a pointer with something else written over it', () => {
  test.each(['gitignore', 'memory', 'git'] as const)('is known by the trace in %s', async (trace) => {
    const workspace = overwritten(trace);
    if (trace !== 'git') rmSync(workspace.path('.git'), { recursive: true });
    if (trace !== 'git') await workspace.git('init', '--quiet');
    const { exitCode, stdout } = await workspace.run(['status', '--json']);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      tracked: [{ path: 'data', state: 'broken', problem: { code: 'broken-pointer' } }],
    });
    for (const command of ['checkout', 'commit']) {
      const result = await workspace.run([command]);
      expect(result).toMatchObject({ exitCode: 2 });
      expect(result.stderr).toContain('data.ocr holds no pointer');
      expect(result.stderr).toContain("'git checkout -- data.ocr'");
    }
    expect(workspace.read('data.ocr')).toBe('id: zz\n');
  });

  test('is not overwritten by add, keeps gc from collecting, and is named by fsck', async () => {
    const workspace = overwritten('gitignore', 'memory', 'git');
    for (const line of ['add data', 'gc --workspace', 'push', 'mv data other']) {
      const result = await workspace.run(line.split(' '));
      expect(result.exitCode, line).toBe(2);
    }
    expect((await workspace.run(['fsck'])).stdout).toContain('data.ocr holds no pointer');
    expect(workspace.read('data.ocr')).toBe('id: zz\n');
  });

  test('comes back from git as the hint says', async () => {
    const workspace = overwritten('gitignore', 'memory', 'git');
    await workspace.git('checkout', '--', 'data.ocr');
    expect(await workspace.json('status')).toMatchObject({ tracked: [{ path: 'data', state: 'clean' }] });
  });

  test('is let go by rm and git add, which leave it as it is', async () => {
    const workspace = overwritten('gitignore', 'memory', 'git');
    await workspace.ocrpipe('rm', 'data');
    expect(workspace.read('data.ocr')).toBe('id: zz\n');
    expect((await workspace.run(['status'])).stdout).toContain("'git add data.ocr' says so");
    await workspace.git('add', 'data.ocr');
    expect(await workspace.json('status')).toMatchObject({ tracked: [] });
  });

  test.each([
    [
      'a folder',
      (file: string) => {
        mkdirSync(file);
      },
    ],
    [
      'a link',
      (file: string) => {
        symlinkSync('own.ocr', file);
      },
    ],
  ])('is known as well where it was replaced by %s', async (_what, replace) => {
    const workspace = overwritten('gitignore', 'memory', 'git');
    workspace.remove('data.ocr');
    replace(workspace.path('data.ocr'));
    const { tracked } = JSON.parse((await workspace.run(['status', '--json'])).stdout) as {
      tracked: unknown;
    };
    expect(tracked).toMatchObject([
      { state: 'broken', problem: { message: 'data.ocr holds no pointer: it is no file any more' } },
    ]);
  });

  test('is told from a file of that name which was never one', async () => {
    expect(await started.json('status')).toMatchObject({ tracked: [{ path: 'data', state: 'clean' }] });
  });
});
