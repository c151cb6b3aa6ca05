import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RepoPath } from '../../../src/base/paths.js';
import type { PipelineHost } from '../../../src/pipeline/host.js';
import type { LockEntry } from '../../../src/pipeline/records/lock-file.js';
import { LockStore, type LockedResult } from '../../../src/pipeline/records/lock-store.js';
import { PipelineWorkspace } from '../pipeline-workspace.js';

const NAMES = ['a', 'b', 'c', 'd'];
const keep = new Set(NAMES);

/** A host that counts how often the lock of pipeline.lock was taken. */
function counting(workspace: PipelineWorkspace) {
  const host = workspace.host();
  const count = { taken: 0 };
  const exclusively: PipelineHost['exclusively'] = (name, work) => {
    if (name === 'pipeline-lock') count.taken += 1;
    return host.exclusively(name, work);
  };
  return { host: { ...host, exclusively }, count };
}

/** The result of a stage that made a file of its own name. */
async function resultOf(
  workspace: PipelineWorkspace,
  host: PipelineHost,
  name: string,
): Promise<LockedResult> {
  const path = `${name}.txt` as RepoPath;
  workspace.write(path, name);
  const snapshot = (await host.files.store(path))!;
  const entry: LockEntry = {
    run: [`echo ${name}`],
    wdir: '.' as RepoPath,
    deps: [],
    params: [],
    outs: [{ path, ...snapshot }],
  };
  return { name, entry, pointed: [{ path, snapshot }], keep };
}

describe('results that are recorded at once', () => {
  it('are all in the lock, with their pointers, and those that waited were written together', async () => {
    const workspace = new PipelineWorkspace();
    const { host, count } = counting(workspace);
    const locks = new LockStore(host);
    const results: LockedResult[] = [];
    for (const name of NAMES) results.push(await resultOf(workspace, host, name));
    await Promise.all(results.map((result) => locks.record(result)));
    expect([...new LockStore(host).read().keys()].sort()).toEqual(NAMES);
    for (const name of NAMES) expect(host.files.pointer(`${name}.txt` as RepoPath)).toBeDefined();
    expect(readFileSync(workspace.path('.gitignore'), 'utf8')).toContain('/a.txt\n/b.txt\n/c.txt\n/d.txt\n');
    expect(count.taken).toBe(2);
  });

  it('are recorded but for one whose pointer has no place, which says so', async () => {
    const workspace = new PipelineWorkspace();
    const { host } = counting(workspace);
    const locks = new LockStore(host);
    const results: LockedResult[] = [];
    for (const name of NAMES) results.push(await resultOf(workspace, host, name));
    workspace.write('c.txt.ocr/file', 'a folder where the pointer belongs');
    const done = await Promise.allSettled(results.map((result) => locks.record(result)));
    expect(done.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect([...locks.read().keys()].sort()).toEqual(['a', 'b', 'd']);
  });

  it('are not named by the lock before what they wait for is there, and never if that fails', async () => {
    const workspace = new PipelineWorkspace();
    const { host } = counting(workspace);
    const locks = new LockStore(host);
    const result = await resultOf(workspace, host, 'a');
    const after = Promise.reject(new Error('the disk is full'));
    after.catch(() => undefined);
    const recording = locks.record({ ...result, after });
    await expect(recording).rejects.toThrow('the disk is full');
    expect(existsSync(workspace.path('pipeline.lock'))).toBe(false);
    expect(host.files.pointer('a.txt' as RepoPath)).toBeDefined();
  });
});
