import { lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LinkType } from '../../../src/base/link-type.js';
import { LocalStore } from '../../../src/store/local-store.js';
import { PipelineWorkspace } from '../pipeline-workspace.js';

const MIB = 1024 * 1024;

/** A stage has made `out`, 1 MiB long, and `repro` has restored it as the store's own file. */
async function linkedOutput(link: LinkType, { persist, run }: { persist: boolean; run: string }) {
  const workspace = new PipelineWorkspace();
  workspace.write('.ocrstore/config.yaml', `version: 1\nlink: [${link}, copy]\n`);
  workspace.write('n', '1');
  workspace.write(
    'pipeline.yaml',
    `stages:\n  make:\n    run: ${run}\n    deps: [n]\n    outs: [{path: out, persist: ${persist}}]\n`,
  );
  await workspace.repro();
  const out = join(workspace.root, 'out');
  const first = readFileSync(out);
  workspace.remove('out');
  expect((await workspace.actions()).actions).toEqual({ make: 'restored' });
  expect(link === 'symlink' ? lstatSync(out).isSymbolicLink() : statSync(out).nlink === 2).toBe(true);
  return { workspace, out, first };
}

function storedBlobs(workspace: PipelineWorkspace): Buffer[] {
  const store = LocalStore.open(join(workspace.root, '.ocrstore'));
  return [...store.looseObjects()].map(({ file }) => readFileSync(file));
}

describe.each(['hardlink', 'symlink'] as const)('an output that is a %s to the store', (link) => {
  it('with persist is a file of its own when its stage runs, which may append to it in place', async () => {
    const run = `'[ -e out ] || head -c ${MIB} /dev/zero > out; cat n >> out'`;
    const { workspace, out, first } = await linkedOutput(link, { persist: true, run });
    workspace.write('n', '2');
    expect((await workspace.actions()).actions).toEqual({ make: 'ran' });
    expect(readFileSync(out).subarray(MIB).toString()).toBe('12');
    expect(storedBlobs(workspace).some((bytes) => bytes.equals(first))).toBe(true);
  });

  it('is gone when its stage runs, which writes it anew', async () => {
    const run = `'head -c ${MIB} /dev/zero > out; cat n >> out'`;
    const { workspace, out, first } = await linkedOutput(link, { persist: false, run });
    workspace.write('n', '2');
    expect((await workspace.actions({ force: true })).actions).toEqual({ make: 'ran' });
    expect(readFileSync(out).subarray(MIB).toString()).toBe('2');
    expect(storedBlobs(workspace).some((bytes) => bytes.equals(first))).toBe(true);
  });
});
