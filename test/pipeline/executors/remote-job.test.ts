import { readdirSync, symlinkSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { fileListing } from '../../rig/file-listing.js';
import { BoxWorkspace } from './remote-workspace.js';

let workspace: BoxWorkspace;

beforeEach(() => {
  workspace = new BoxWorkspace();
});

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
    workspace.stage(`run: [sh train.sh > ../out/list.txt, cat ../params.yaml >> ../out/list.txt, chmod +x ../out/list.txt, ocrpipe --version]
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
    expect(readdirSync(workspace.node)).toEqual([]);
    expect(fileListing(workspace.remote).filter((file) => file.startsWith('jobs/'))).toEqual([]);
  });
});
