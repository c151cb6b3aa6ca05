import { describe, expect, it } from 'vitest';
import { add } from '../../../src/actions/add.js';
import { status } from '../../../src/actions/status.js';
import { statusText } from '../../../src/cli/status-text.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

const TEXT = `stages:
  use:
    run: "true"
    deps: [my data/raw/a, train.sh]
  make:
    run: echo x > made
    deps: [train.sh]
    outs: [made]
  after:
    run: "true"
    deps: [made]
`;

/** A pipeline that has run, with tracked data, all committed. */
async function committed(): Promise<PipelineWorkspace> {
  const workspace = await newPipeline(TEXT);
  workspace.write('my data/raw/a', 'a');
  await add({ paths: ['my data/raw'] }, workspace.call());
  await workspace.repro();
  workspace.commit('first');
  return workspace;
}

const MESSAGE =
  "'my data/raw/a', which stage 'use' reads, is ignored by git and has no pointer: it is on this machine only";

async function notesOf(workspace: PipelineWorkspace): Promise<unknown[]> {
  return (await status(workspace.call())).notes.map(({ message, hint }) => [message, hint]);
}

describe('a dependency that git ignores and nothing tracks', () => {
  it('is a note of status and a warning of repro, with the command that brings its pointer back', async () => {
    const workspace = await committed();
    expect(await notesOf(workspace)).toEqual([]);
    workspace.git('rm', '-q', 'my data/raw.ocr');
    const hint = `Its pointer was deleted: 'git checkout HEAD -- "my data/raw.ocr"' brings it back.`;
    expect(await notesOf(workspace)).toEqual([[MESSAGE, hint]]);
    expect(statusText(await status(workspace.call()))).toContain(`${MESSAGE}. ${hint}`);
    await workspace.repro();
    expect(workspace.events).toContainEqual({
      type: 'note',
      level: 'warning',
      code: 'dependency-not-tracked',
      message: `${MESSAGE}. ${hint}`,
    });
    workspace.git('checkout', 'HEAD', '--', 'my data/raw.ocr');
    expect(await notesOf(workspace)).toEqual([]);
  });

  it('has its pointer in an earlier commit, if the deletion was committed', async () => {
    const workspace = await committed();
    workspace.git('rm', '-q', 'my data/raw.ocr');
    workspace.commit('without');
    workspace.write('later', 'x');
    workspace.commit('later');
    const [[, hint] = []] = (await notesOf(workspace)) as string[][];
    const command = /'git (checkout [0-9a-f]+~1 -- )"my data\/raw\.ocr"'/.exec(hint ?? '');
    workspace.git(...command![1]!.trim().split(' '), 'my data/raw.ocr');
    expect(await notesOf(workspace)).toEqual([]);
    expect((await workspace.actions()).actions).toEqual({ use: 'fresh', make: 'fresh', after: 'fresh' });
  });

  it('is to be added as the whole that is ignored, where git never had a pointer', async () => {
    const workspace = await committed();
    workspace.write('.gitignore', '/made\n/train.sh\nran.log\n');
    workspace.git('rm', '-q', '--cached', 'train.sh');
    expect(await notesOf(workspace)).toEqual([
      [
        expect.stringContaining("'train.sh', which stage 'use' reads"),
        "Track it with 'ocrpipe add train.sh', or let git have it: 'git check-ignore -v train.sh' names the rule.",
      ],
    ]);
  });
});
