import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runProcess } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, TestWorkspace } from '../rig/workspace.js';

/** A workspace with a tracked folder and a folder as its remote, committed. */
export async function workspaceWithData(files = 12): Promise<{ a: TestWorkspace; place: string }> {
  const place = join(temporaryFolder(), 'remote');
  const a = await newWorkspace();
  for (let index = 0; index < files; index += 1)
    a.write(`data/raw/${index % 3}/${index}.bin`, randomBytes(2000));
  a.write('data/raw/large.bin', randomBytes(1_500_000));
  await a.ocrpipe('add', 'data/raw');
  await a.ocrpipe('remote', 'add', 'disk', place);
  await a.commit('data');
  return { a, place };
}

export async function cloneOf(workspace: TestWorkspace): Promise<TestWorkspace> {
  const root = join(temporaryFolder(), 'clone');
  const result = await runProcess('git', ['clone', '--quiet', workspace.root, root], { cwd: '/' });
  expect(result.exitCode).toBe(0);
  return new TestWorkspace(root, workspace.env);
}

/** Every tracked file, by name, in base64. */
export function contents(workspace: TestWorkspace): Record<string, string> {
  const root = workspace.path('data/raw');
  const names = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    names.sort().map((name) => [name.slice(root.length), readFileSync(name).toString('base64')]),
  );
}
