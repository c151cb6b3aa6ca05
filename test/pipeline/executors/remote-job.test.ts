import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { fileListing } from '../../rig/file-listing.js';
import { runProcess } from '../../rig/ocrpipe.js';
import { stubEnvironment } from '../../rig/stub-environment.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { RemoteWorkspace } from './remote-workspace.js';

const page = readFileSync(new URL('../../../docs/executors.md', import.meta.url), 'utf8');
const example = /```js\n\/\/ tools\/box\.mjs\n(.*?)```/s.exec(page)![1]!;

let workspace: RemoteWorkspace;
let remote: string;
let nodes: string;

beforeEach(() => {
  workspace = new RemoteWorkspace();
  remote = temporaryFolder();
  nodes = temporaryFolder();
  workspace.write('tools/box.mjs', example);
  workspace.write(
    '.ocrstore/config.yaml',
    `version: 1
project: test
remotes: {bucket: {url: ${remote}}}
executors:
  box: {type: module, module: tools/box.mjs, remote: bucket, folder: ${nodes}, settings: {nice: 0}}
`,
  );
});

/** One stage on the executor. */
function stage(lines: string): void {
  workspace.write('pipeline.yaml', `stages:\n  one:\n    executor: box\n${lines.replace(/^/gm, '    ')}`);
}

describe('a job over a remote, started by an executor of one file', () => {
  it('finds what its stage declares and nothing else, and what it made is recorded', async () => {
    workspace.write(
      'code/train.sh',
      'cat ../data/a.txt ../data/sub/b.txt ../linked/f; ls ..; ls ../data ../code\n',
    );
    workspace.write('code/other.sh', '');
    workspace.write('data/a.txt', 'a\n');
    workspace.write('data/sub/b.txt', 'b\n');
    workspace.write('data/left-out.png', '');
    workspace.write('data/c.bin', 'c\n');
    workspace.write('elsewhere/f', 'f\n');
    symlinkSync('elsewhere', workspace.path('linked'));
    workspace.write('params.yaml', 'epochs: 3\nother: 4\n');
    stage(`run: [sh train.sh > ../out/list.txt, cat ../params.yaml >> ../out/list.txt, chmod +x ../out/list.txt, ocrpipe --version]
wdir: code
deps: [train.sh, '../data/**/*.txt', {file: ../data/c.bin, lines: 1}, ../linked]
params: [{file: ../params.yaml, keys: [epochs]}]
outs: [../out/list.txt]
`);
    const { stages } = await workspace.repro();
    expect(stages.map(({ error }) => error)).toEqual([undefined]);
    expect(workspace.read('out/list.txt')).toBe(
      'a\nb\nf\ncode\ndata\nlinked\nout\nparams.yaml\n../code:\ntrain.sh\n\n../data:\na.txt\nc.bin\nsub\nepochs: 3\nother: 4\n',
    );
    expect(workspace.events.find(({ type }) => type === 'stage-output')).toMatchObject({
      line: expect.stringMatching(/^ocrpipe\//) as string,
    });
    expect((await workspace.actions()).actions).toEqual({ one: 'fresh' });
    // Nothing stays where it ran, nor on the remote but data.
    expect(readdirSync(nodes)).toEqual([]);
    expect(fileListing(remote).filter((file) => file.startsWith('jobs/'))).toEqual([]);
  });

  it('goes on with what an output with persist held, and leaves what is ignored', async () => {
    workspace.write('.ocrignore', '*.tmp\n');
    workspace.write('seed.txt', 'x\n');
    stage(`run: [mkdir -p state, cat seed.txt >> state/all.txt, echo > state/a.tmp]
deps: [seed.txt]
outs: [{path: state, persist: true}]
`);
    await workspace.repro();
    workspace.write('seed.txt', 'y\n');
    await workspace.repro();
    expect(workspace.read('state/all.txt')).toBe('x\ny\n');
    expect(workspace.has('state/a.tmp')).toBe(false);
  });

  it('shows the end of what failed commands printed, and all of a long log', async () => {
    stage(`run: [echo begun, "seq 400000; exit 7"]\n`);
    const [one] = (await workspace.repro()).stages;
    expect(one).toMatchObject({ action: 'failed', error: { code: 'stage-failed' } });
    expect(one!.error!.message).toContain('exit code 7');
    expect(one!.lastLines!.at(-1)).toBe('400000');
    expect(workspace.events.filter(({ type }) => type === 'stage-output')).toHaveLength(400_001);
  });

  it('is ended where it runs when its time is over', async () => {
    stage(`run: [echo begun, sleep 60]\ntimeout: 1s\n`);
    const [one] = (await workspace.repro()).stages;
    expect(one).toMatchObject({ action: 'failed', error: { code: 'stage-timeout' } });
  });

  it('fails by name where an output was not made, and records nothing', async () => {
    stage(`run: echo 1 > one.txt\nouts: [one.txt, two.txt]\n`);
    const [one] = (await workspace.repro()).stages;
    expect(one!.error).toMatchObject({ code: 'output-not-made' });
    expect(one!.error!.message).toContain('two.txt');
    expect(workspace.has('pipeline.lock')).toBe(false);
  });

  it('keeps values of secrets out of everything but the environment', async () => {
    const secret = 'hunter2-do-not-tell\nsecond-line-of-it';
    stubEnvironment({ OCRPIPE_TEST_SECRET: secret });
    stage(`run: ['echo "$OCRPIPE_TEST_SECRET"', 'printf %s "$OCRPIPE_TEST_SECRET" | base64 -w0; exit 3']
secrets: [OCRPIPE_TEST_SECRET]
`);
    const begun = workspace.printed('***');
    const [one] = (await workspace.repro()).stages;
    await begun;
    expect(one!.error!.message).toContain('exit code 3');
    expect(one!.lastLines).toEqual(['***', '***', '***==']);
  });

  it('is run again by hand, in a folder that stays, with the same inputs', async () => {
    workspace.write('raw.txt', 'b\na\n');
    stage(`run: [sort raw.txt > sorted.txt, echo sorted]\ndeps: [raw.txt]\nouts: [sorted.txt]\n`);
    await workspace.repro();
    workspace.write('raw.txt', 'other\n');
    const byHand = await runProcess('sh', [join(workspace.job('one'), 'run.sh')], {
      cwd: '/',
      env: { TMPDIR: nodes },
    });
    expect(byHand).toMatchObject({ exitCode: 0, stderr: 'sorted\n' });
    const folder = byHand.stdout.trim().replace('it ran in ', '');
    expect(readFileSync(join(folder, 'sorted.txt'), 'utf8')).toBe('a\nb\n');
  });
});
