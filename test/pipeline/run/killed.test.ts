import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ocrpipeJson, runOcrpipe } from '../../rig/ocrpipe.js';
import { newPipeline, type PipelineWorkspace } from '../pipeline-workspace.js';

const STAGE = `stages:
  make:
    run: >-
      mkdir -p model && grep epochs params.yaml > model/weights
      && wc -c < model/weights | sed 's/.*/{"bytes":&}/' > metrics.json
    deps: [data/raw]
    params: [train]
    outs: [model]
    metrics: [metrics.json]
`;

interface Repro {
  stages: { name: string; action: string }[];
}

/** A repro in a process of its own that dies at its n-th change of a file. */
async function killedAt(workspace: PipelineWorkspace, point: number): Promise<boolean> {
  const env = { OCRPIPE_TEST_KILL_AT: String(point) };
  return (await runOcrpipe(['repro', '--quiet'], { cwd: workspace.root, env })).signal === 'SIGKILL';
}

describe('a repro that was killed by SIGKILL', () => {
  it('is finished by the next one, at whichever change of a file it died', { timeout: 240_000 }, async () => {
    const workspace = await newPipeline(STAGE);
    let points = 0;
    for (let killed = true; killed;) {
      points += 1;
      const text = `train: {epochs: "${'x'.repeat(points)}"}\n`;
      workspace.write('params.yaml', text);
      workspace.write('data/raw/a.txt', text);
      killed = await killedAt(workspace, points);
      await workspace.repro();
      expect(workspace.read('model/weights')).toBe(text);
      expect(workspace.read('metrics.json')).toContain(`${text.length}`);
      expect(byAction(await workspace.repro())).toEqual({ make: 'fresh' });
      expect(workspace.read('.gitignore')).toBe('ran.log\n/model\n');
      expect(readdirSync(workspace.path('.ocrstore/index/running'))).toEqual([]);
      expect(workspace.git('status', '--porcelain', '-uall')).not.toContain('tmp');
    }
    // Marks, objects, records, pointers, .gitignore, lock: if there are few, the write points are not where they should be.
    expect(points).toBeGreaterThan(12);
  });

  it('leaves no command behind that writes into the outputs of the next run', async () => {
    const endless = 'echo begun > out; while true; do sleep 0.05; echo orphan >> out; done';
    const workspace = await newPipeline(`stages: {a: {run: "${endless}", outs: [out]}}`);
    const run = { cwd: workspace.root, signalOnOutput: 'SIGKILL' } as const;
    expect((await runOcrpipe(['repro'], run)).signal).toBe('SIGKILL');
    workspace.write('pipeline.yaml', 'stages: {a: {run: "echo good > out", outs: [out]}}');
    const { stages } = await ocrpipeJson<Repro>(['repro'], { cwd: workspace.root });
    expect(stages).toMatchObject([{ name: 'a', action: 'ran' }]);
    expect(workspace.read('out')).toBe('good\n');
    expect((await workspace.repro()).stages[0]?.action).toBe('fresh');
  });
});

function byAction({
  stages,
}: Repro | Awaited<ReturnType<PipelineWorkspace['repro']>>): Record<string, string> {
  return Object.fromEntries(stages.map((stage) => [stage.name, stage.action]));
}
