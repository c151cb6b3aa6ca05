import { cpSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, TestWorkspace } from '../rig/workspace.js';

const folder = temporaryFolder(afterAll);
let started: TestWorkspace;

/** Data and an output that have lost their stored bytes, with a remote that never had them. */
beforeAll(async () => {
  started = await newWorkspace(join(folder, 'first'));
  mkdirSync(started.path('remote'));
  started.write('my data/ä', 'a1');
  started.write(
    'pipeline.yaml',
    "stages: {make: {run: mkdir -p 'my out' && cp 'my data/ä' 'my out/x', deps: [my data], outs: [my out]}}\n",
  );
  await started.ocrpipe('add', 'my data');
  await started.ocrpipe('repro');
  await started.ocrpipe('remote', 'add', 'store', 'remote');
  for (const name of ['packs', 'index']) started.remove(`.ocrstore/${name}`);
});

function copyOfIt(): TestWorkspace {
  const root = mkdtempSync(join(folder, 'copy-'));
  cpSync(started.root, root, { recursive: true, preserveTimestamps: true });
  return new TestWorkspace(root);
}

describe('a push of what is nowhere names commands that store it anew, after which it succeeds', () => {
  it.each([
    { target: 'my data', hinted: ['ocrpipe add "my data"'] },
    { target: 'my data/ä', hinted: ['ocrpipe add "my data"'] },
    { target: 'my out', hinted: ['ocrpipe commit make', 'ocrpipe repro --force make'] },
    { target: 'make', hinted: ['ocrpipe commit make', 'ocrpipe repro --force make'] },
  ])('$target', async ({ target, hinted }) => {
    const refused = await copyOfIt().run(['push', target]);
    expect(refused).toMatchObject({ exitCode: 1 });
    const named = [...refused.stderr.matchAll(/'(ocrpipe(?: '[^']*'| [^\s']+)+)'/g)].map(
      (match) => match[1]!,
    );
    expect(named, refused.stderr).toEqual(hinted);
    for (const command of named) {
      const workspace = copyOfIt();
      expect(await workspace.type(command), command).toMatchObject({ exitCode: 0 });
      await workspace.ocrpipe('push', target);
    }
  });

  it('names no command where there is no such path in the tracked folder', async () => {
    const workspace = copyOfIt();
    await workspace.ocrpipe('add', 'my data');
    const refused = await workspace.run(['push', 'my data/b']);
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain("there is no 'b' in my data");
  });
});
