import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gc } from '../../../src/actions/gc.js';
import { contentIdOf } from '../../../src/base/content-id.js';
import { whyText } from '../../../src/cli/why-text.js';
import { explainStages } from '../../../src/pipeline/staleness/why.js';
import { newPipeline } from '../pipeline-workspace.js';

const EVERYTHING_ELSE_GOES = {
  ...{ workspace: true, projects: [], unpushed: true, allowMissing: false },
  ...{ forgetWorkspaces: [], now: true, dryRun: false },
};

describe('the listing of a folder of code that git holds', () => {
  it('is kept without the bytes of its files, outlives gc, and tells which files changed', async () => {
    const workspace = await newPipeline('stages: {a: {run: "true", deps: [code]}}');
    const large = 'x'.repeat(3_000_000);
    workspace.write('code/large.bin', large);
    for (let at = 0; at < 30; at += 1) workspace.write(`code/sub/m${at}.py`, `module ${at}\n`);
    workspace.write('code/old.py', 'the same bytes\n');
    await workspace.repro();
    workspace.commit('code');
    const sizeOf = (folder: string): number =>
      readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
    const { files } = workspace.host();
    const blob = { id: contentIdOf(large), kind: 'file', size: large.length } as const;
    expect(files.inStore(blob)).toBe(false);
    await gc(EVERYTHING_ELSE_GOES, workspace.call());
    expect(sizeOf(workspace.path('.ocrstore/packs'))).toBeLessThan(20_000);

    workspace.write('code/sub/m3.py', 'another\n');
    workspace.write('code/sub/new.py', 'new\n');
    workspace.write('code/new-name.py', 'the same bytes\n');
    workspace.remove('code/old.py');
    workspace.remove('code/large.bin');
    const explained = await explainStages(workspace.host(), 'a', workspace.root);
    expect(explained[0]?.reasons[0]?.files).toMatchObject([
      { path: 'large.bin', change: 'deleted' },
      { path: 'new-name.py', change: 'renamed', from: 'old.py' },
      { path: 'sub/m3.py', change: 'modified' },
      { path: 'sub/new.py', change: 'added' },
    ]);
    // In the text as many as help, in the document all.
    for (let at = 4; at < 30; at += 1) workspace.write(`code/sub/m${at}.py`, 'all\n');
    const many = await explainStages(workspace.host(), 'a', workspace.root);
    expect(many[0]?.reasons[0]?.files).toHaveLength(30);
    expect(whyText(many)).toMatch(/and 10 more \(all of them with --json\)$/);
  });
});
