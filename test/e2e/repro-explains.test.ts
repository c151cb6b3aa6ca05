import { describe, expect, it } from 'vitest';
import { newPipeline } from '../pipeline/pipeline-workspace.js';
import { ocrpipeJson, runOcrpipe, type RunResult } from '../rig/ocrpipe.js';

const STAGES = `stages:
  sort: {run: "sort list.txt > sorted.txt", deps: [list.txt], outs: [sorted.txt]}
  count: {run: "wc -l < sorted.txt > n.txt && echo count >> ran.log", deps: [sorted.txt], outs: [n.txt]}
`;

interface Repro {
  stages: { name: string; action: string; error?: { code: string } }[];
}

describe('the binary', () => {
  it('never overwrites an edited output silently, and skips what is behind the same bytes', async () => {
    const workspace = await newPipeline(STAGES);
    const ocrpipe = (...args: string[]): Promise<RunResult> => runOcrpipe(args, { cwd: workspace.root });
    workspace.write('list.txt', 'b\na\n');
    expect(await ocrpipe('repro')).toMatchObject({ exitCode: 0 });

    workspace.write('list.txt', 'a\nb\n');
    const { stages } = await ocrpipeJson<Repro>(['repro'], { cwd: workspace.root });
    expect(stages.map(({ name, action }) => `${name} ${action}`)).toEqual(['sort ran', 'count fresh']);
    expect(workspace.ran()).toEqual(['count']);

    workspace.write('sorted.txt', 'mine\n');
    const why = await ocrpipe('why', 'count');
    expect(why.stdout).toContain('before it, sort would');
    expect(why.stdout).toContain('sorted.txt was edited by hand');
    for (const args of [['repro'], ['repro', '--dry-run']]) {
      const refused = await ocrpipe(...args);
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toMatch(/'sorted.txt', an output of stage 'sort'[^]*\[output-changed\]/);
      expect(refused.stderr).toContain('ocrpipe commit sort');
      expect(refused.stderr).toContain('ocrpipe repro --force sort');
    }
    expect(workspace.read('sorted.txt')).toBe('mine\n');
    expect(await ocrpipe('repro', '--force', 'sort')).toMatchObject({ exitCode: 0 });
    expect(workspace.read('sorted.txt')).toBe('a\nb\n');
  });

  it('reports a stage that changes its own dependency, a chance result, and what differs between commits', async () => {
    const workspace = await newPipeline(
      'stages: {a: {run: "cat in > out; echo more >> in", deps: [in], outs: [out]}}',
    );
    const ocrpipe = (...args: string[]): Promise<RunResult> => runOcrpipe(args, { cwd: workspace.root });
    workspace.write('in', 'x\n');
    const failed = await ocrpipe('repro');
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout + failed.stderr).toMatch(
      /'in', a dependency of stage 'a', changed while the stage ran/,
    );
    expect(workspace.has('pipeline.lock')).toBe(false);
    expect(workspace.read('out')).toBe('x\n');

    workspace.write(
      'pipeline.yaml',
      'stages: {a: {run: "cat in n > out; echo 1 >> n", deps: [in], outs: [out]}}',
    );
    workspace.write('n', '0\n');
    workspace.write('.gitignore', 'n\nran.log\n/out\n');
    const differs = await ocrpipe('repro', '--check-determinism');
    expect(differs.exitCode).toBe(3);
    expect(differs.stdout).toContain('a is not deterministic');
    expect((await ocrpipe('status')).stdout).toContain('not deterministic');
    workspace.commit('first');
    workspace.write('in', 'y\n');
    expect((await ocrpipe('repro')).exitCode).toBe(0);
    workspace.commit('second');
    const between = await ocrpipe('why', 'a', '--between', 'HEAD~1', 'HEAD');
    expect(between.stdout).toBe('a differs between HEAD~1 and HEAD:\n  in changed\n  result out\n');
    expect((await ocrpipe('why', 'a', '--between', 'a', 'b', 'c')).exitCode).toBe(2);
  });
});
