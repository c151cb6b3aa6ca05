import { readdirSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkout } from '../../../src/actions/checkout.js';
import { commit } from '../../../src/actions/commit.js';
import { fsck } from '../../../src/actions/fsck.js';
import type { AbsPath } from '../../../src/base/paths.js';
import { crashesOf, pointsMet, twiceEach, type Crash } from '../../rig/crashes.js';
import { ocrpipeJson, runOcrpipe } from '../../rig/ocrpipe.js';
import { newPipeline, PipelineWorkspace } from '../pipeline-workspace.js';

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

const PARAMS = (epochs: string) => `train: {epochs: ${epochs}}\n`;

/** Lets a repro die at its changes of files; after each, the next one finishes and makes `weights`. */
async function finishedAfterEach(
  workspace: PipelineWorkspace,
  weights: string,
  { force = false, wanted = twiceEach() }: { force?: boolean; wanted?: (site: string) => boolean } = {},
): Promise<Crash[]> {
  const crashes = await crashesOf(workspace.root, () => workspace.repro({ force }), wanted);
  for (const { root } of crashes) {
    const killed = new PipelineWorkspace(root as AbsPath);
    await killed.repro({ force });
    expect(killed.read('model/weights')).toBe(weights);
    expect(killed.read('metrics.json')).toContain(`${weights.length}`);
    expect(byAction(await killed.repro())).toEqual({ make: 'fresh' });
    expect(killed.read('.gitignore')).toBe('ran.log\n/model\n');
    expect(readdirSync(killed.path('.ocrstore/index/running'))).toEqual([]);
    expect(killed.git('status', '--porcelain', '-uall')).not.toContain('tmp');
    rmSync(root, { recursive: true });
  }
  return crashes;
}

describe('a repro that was killed', () => {
  it('is finished by the next one, at whichever change of a file it died', async () => {
    const workspace = await newPipeline(STAGE);
    workspace.write('params.yaml', PARAMS('3'));
    const met = await finishedAfterEach(workspace, PARAMS('3'), { wanted: () => true });
    workspace.write('params.yaml', PARAMS('44'));
    workspace.write('data/raw/a.txt', 'another');
    workspace.write('model/weights', 'edited');
    met.push(...(await finishedAfterEach(workspace, PARAMS('44'), { force: true })));
    // Restored from its run record.
    workspace.write('params.yaml', PARAMS('3'));
    workspace.write('data/raw/a.txt', 'a\n');
    met.push(...(await finishedAfterEach(workspace, PARAMS('3'))));
    const modules = ['pipeline/records/running-mark.ts', 'pipeline/run/output-files.ts'];
    for (const { module, met: reached, there } of pointsMet(modules, met)) {
      expect(`${module}: ${reached}`).toBe(`${module}: ${there}`);
    }
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

describe('a commit of edited outputs that was killed', () => {
  it('loses no edit, and is finished by the next one', async () => {
    const workspace = await newPipeline(STAGE);
    workspace.write('params.yaml', PARAMS('3'));
    await workspace.repro();
    workspace.write('model/weights', 'edited');
    const crashes = await crashesOf(workspace.root, () => commit({ targets: [] }, workspace.call()));
    expect(crashes.length).toBeGreaterThan(8);
    const outcomes = new Set<string>();
    for (const { site, root } of crashes) {
      const killed = new PipelineWorkspace(root as AbsPath);
      try {
        expect(await fsck({}, killed.call())).toMatchObject({ damaged: [], missing: [], problems: [] });
        expect(killed.read('model/weights')).toBe('edited');
        // What is not in the lock yet is an edit: nothing replaces it unasked.
        const [tried] = await Promise.allSettled([killed.repro()]);
        if (tried.status === 'rejected') expect(tried.reason).toMatchObject({ code: 'output-changed' });
        else expect(byAction(tried.value)).toEqual({ make: 'fresh' });
        outcomes.add(tried.status);
        await commit({ targets: [] }, killed.call());
        expect(byAction(await killed.repro())).toEqual({ make: 'fresh' });
        expect(killed.read('model/weights')).toBe('edited');
        killed.remove('model');
        await checkout({ targets: [], force: false }, killed.call());
        expect(killed.read('model/weights')).toBe('edited');
        expect(await fsck({}, killed.call())).toMatchObject({ damaged: [], missing: [], problems: [] });
      } catch (error) {
        throw new Error(`killed at ${site}`, { cause: error });
      }
      rmSync(root, { recursive: true });
    }
    expect([...outcomes]).toEqual(['rejected', 'fulfilled']);
    for (const { met, there } of pointsMet(['pipeline/records/commit-marks.ts'], crashes))
      expect(met).toBe(there);
  });
});

function byAction({
  stages,
}: Repro | Awaited<ReturnType<PipelineWorkspace['repro']>>): Record<string, string> {
  return Object.fromEntries(stages.map((stage) => [stage.name, stage.action]));
}
