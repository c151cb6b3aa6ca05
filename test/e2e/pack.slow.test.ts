import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProcess, type RunResult } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { gitFolder } from '../rig/workspace.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
/** What npm may have been told by its owner's own settings, which are not ours to silence. */
const OWNERS_SETTINGS = /^npm warn Unknown (user|global|env|cli) config .*\n/gm;

describe('the package that npm pack makes', { timeout: 180_000 }, () => {
  let folder = '';
  let installed: RunResult;
  const run = (args: string[], cwd = folder) => {
    return runProcess(join(folder, 'node_modules', '.bin', 'ocrpipe'), args, { cwd });
  };

  beforeAll(async () => {
    folder = temporaryFolder(afterAll);
    const packed = await runProcess('npm', ['pack', '--pack-destination', folder], { cwd: repository });
    expect(packed.exitCode).toBe(0);
    const [tarball = ''] = readdirSync(folder);
    const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`];
    installed = await runProcess('npm', args, { cwd: folder });
  }, 180_000);

  it('installs in an empty folder without a warning', () => {
    expect(installed.exitCode).toBe(0);
    expect(`${installed.stdout}${installed.stderr}`.replace(OWNERS_SETTINGS, '')).not.toMatch(/warn/i);
  });

  it('fetches none of the optional backends', () => {
    const names = readdirSync(join(folder, 'node_modules'));
    const tensorflow = readdirSync(join(folder, 'node_modules', '@tensorflow'));
    expect(names).not.toContain('webgpu');
    expect(tensorflow.filter((name) => name.startsWith('tfjs-node'))).toEqual([]);
  });

  it('answers --version and --help', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^ocrpipe\//);
    expect((await run(['--help'])).stdout).toMatch(/COMMANDS/);
  });

  it('starts a workspace and tracks a file', async () => {
    const workspace = await gitFolder(join(folder, 'workspace'));
    workspace.write('data/a.txt', 'some bytes\n');
    const [init, add] = [await run(['init'], workspace.root), await run(['add', 'data'], workspace.root)];
    expect([init.exitCode, add.exitCode, add.stderr]).toEqual([0, 0, expect.any(String)]);
    expect(workspace.read('data.ocr')).toContain('kind: directory');
  });
});
