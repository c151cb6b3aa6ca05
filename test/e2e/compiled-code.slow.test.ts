import { chmodSync, cpSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/package-root.js';
import { OCRPIPE_SCRIPT, runProcess } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';

async function statusOf(
  workspace: TestWorkspace,
  env: Record<string, string>,
  script = OCRPIPE_SCRIPT,
): Promise<string> {
  const run = { cwd: workspace.root, env: { ...workspace.env, ...env } };
  const result = await runProcess(process.execPath, [script, 'status'], run);
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  return result.stdout;
}

/** A cache folder of its own, and what runs `status` with it. */
class Cache {
  readonly folder = temporaryFolder();
  private readonly workspace: TestWorkspace;
  private readonly script: string;

  constructor(workspace: TestWorkspace, script = OCRPIPE_SCRIPT) {
    this.workspace = workspace;
    this.script = script;
  }

  status(env: Record<string, string> = {}): Promise<string> {
    return statusOf(this.workspace, { XDG_CACHE_HOME: this.folder, ...env }, this.script);
  }

  /** All files of compiled code. */
  files(): string[] {
    const entries = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }

  /** The one file, once no run has anything to add. */
  async learnt(): Promise<string> {
    for (let run = 0; run < 3; run += 1) await this.status();
    const [file, ...others] = this.files();
    expect(others).toEqual([]);
    return file!;
  }
}

describe('compiled code', () => {
  let workspace: TestWorkspace;
  let expected: string;

  beforeAll(async () => {
    workspace = await newWorkspace(temporaryFolder(afterAll));
    expected = await statusOf(workspace, { NODE_DISABLE_COMPILE_CACHE: '1' });
  });

  it('is kept for the next runs, for its user alone, and changes no answer', async () => {
    const cache = new Cache(workspace);
    expect(await cache.status()).toBe(expected);
    const file = await cache.learnt();
    expect(file).toMatch(/\/ocrpipe\/code\/v[^/]+\/status$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { ino } = statSync(file);
    expect(await cache.status()).toBe(expected);
    expect(statSync(file).ino).toBe(ino);
  });

  it('is not kept where NODE_DISABLE_COMPILE_CACHE asks for that, or nothing can be written', async () => {
    const cache = new Cache(workspace);
    expect(await cache.status({ NODE_DISABLE_COMPILE_CACHE: '1' })).toBe(expected);
    expect(cache.files()).toEqual([]);
    writeFileSync(join(cache.folder, 'ocrpipe'), 'a file');
    expect(await cache.status()).toBe(expected);
    expect(cache.files()).toEqual([join(cache.folder, 'ocrpipe')]);
  });

  it.each<[string, (file: string) => void]>([
    [
      'cut off',
      (file) => {
        writeFileSync(file, readFileSync(file).subarray(0, 5_000));
      },
    ],
    [
      'empty',
      (file) => {
        writeFileSync(file, '');
      },
    ],
    [
      'damaged',
      (file) => {
        writeFileSync(file, readFileSync(file).fill(0x55, 20_000, 60_000));
      },
    ],
    [
      'writable for others',
      (file) => {
        chmodSync(file, 0o666);
      },
    ],
  ])('is not used where it is %s, but made anew', async (_, spoil) => {
    const cache = new Cache(workspace);
    const file = await cache.learnt();
    spoil(file);
    const { ino } = statSync(file);
    expect(await cache.status()).toBe(expected);
    expect(statSync(file).ino).not.toBe(ino);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is not used for another text, even of the same length', async () => {
    const installation = temporaryFolder();
    for (const name of ['bin', 'dist', 'package.json', 'oclif.manifest.json'])
      cpSync(join(packageRoot(), name), join(installation, name), { recursive: true });
    symlinkSync(join(packageRoot(), 'node_modules'), join(installation, 'node_modules'));
    const cache = new Cache(workspace, join(installation, 'bin/run.js'));
    await cache.learnt();
    const chunks = join(installation, 'dist');
    for (const name of readdirSync(chunks, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.cjs')) continue;
      const text = readFileSync(join(chunks, name), 'utf8');
      writeFileSync(join(chunks, name), text.replaceAll('Nothing is tracked', 'Nowhere is tracked'));
    }
    expect(expected).toContain('Nothing is tracked');
    expect(await cache.status()).toBe(expected.replace('Nothing is tracked', 'Nowhere is tracked'));
  });
});
