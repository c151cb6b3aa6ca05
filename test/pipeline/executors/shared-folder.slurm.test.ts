import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { runProcess } from '../../rig/ocrpipe.js';
import { startSlurm, type Slurm } from '../../rig/slurm.js';
import { stubEnvironment } from '../../rig/stub-environment.js';
import { byName } from '../pipeline-workspace.js';
import { ClusterWorkspace, until, waitFor } from './cluster-workspace.js';

const CONFIG = `version: 1
executors:
  cluster: {type: slurm, interval: 0.5}
  cheap: {type: slurm, partition: low, interval: 0.5}
`;

let slurm: Slurm | undefined;

beforeAll(async () => {
  slurm = await startSlurm();
});

afterAll(async () => {
  await slurm?.stop();
});

beforeEach(({ skip }: TestContext) => {
  if (slurm === undefined) skip('no Slurm can be installed here: see stderr for the reason');
  stubEnvironment({ SLURM_CONF: slurm!.conf, OCRPIPE_TEST_SECRET: 'hunter2-do-not-tell' });
});

function workspaceWith(pipeline: string): ClusterWorkspace {
  const workspace = new ClusterWorkspace();
  workspace.write('.ocrstore/config.yaml', CONFIG);
  workspace.write('pipeline.yaml', pipeline);
  return workspace;
}

const THREE = `stages:
  prepare:
    run: sort raw.txt > prepared.txt; echo "the secret is $OCRPIPE_TEST_SECRET$GREETING"
    deps: [raw.txt]
    env: {GREETING: ', hello'}
    secrets: [OCRPIPE_TEST_SECRET]
    outs: [prepared.txt]
    executor: cluster
  train:
    run: [mkdir -p models/m, cat prepared.txt > models/m/weights, 'echo "$SLURM_JOB_ID" > job.txt']
    deps: [prepared.txt]
    outs: [models/m]
    resources: {cpu: 2, gpu: 1, memory: 64MiB}
    executor: {cluster: {time: 5}}
  evaluate:
    run: wc -c < models/m/weights | sed 's/.*/{"bytes":&}/' > test.json; echo evaluated
    deps: [models/m]
    metrics: [test.json]
    executor: cluster
`;

/** A stage that begins, and then waits for the file 'go'. */
function waiting(executor = 'cluster'): string {
  return `stages:
  slow:
    run: ${JSON.stringify(`${waitFor('go')}; echo ran >> ran.log; date +%N > slow.txt; echo done`)}
    outs: [slow.txt]
    executor: ${executor}
`;
}

describe('a pipeline on Slurm, in a folder that the nodes share', () => {
  it('runs stage after stage as jobs with the resources asked for, and then has nothing to do', async () => {
    const workspace = workspaceWith(THREE);
    workspace.write('raw.txt', 'b\na\n');
    const { stages } = await workspace.repro();
    expect(stages.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    expect(byName(stages, ({ action }) => action)).toEqual({ prepare: 'ran', train: 'ran', evaluate: 'ran' });
    expect(workspace.read('test.json')).toBe('{"bytes":4}\n');
    expect(workspace.events).toContainEqual({
      ...{ type: 'stage-output', stage: 'evaluate' },
      ...{ stream: 'stdout', line: 'evaluated' },
    });
    const shown = await slurm!.run('scontrol', 'show', 'job', workspace.read('job.txt').trim());
    expect(shown).toContain('NumCPUs=2');
    expect(shown).toContain('TimeLimit=00:05:00');
    expect(shown).toMatch(/gres[/:]gpu[:=]1/);
    expect((await workspace.actions()).actions).toEqual({
      prepare: 'fresh',
      train: 'fresh',
      evaluate: 'fresh',
    });
  });

  it('leaves a job folder that says all but secrets, and that a person runs again by hand', async () => {
    const workspace = workspaceWith(THREE);
    workspace.write('raw.txt', 'b\na\n');
    await workspace.repro({ targets: ['prepare'] });
    const folder = workspace.job('prepare');
    const job = JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8')) as object;
    expect(job).toMatchObject({
      stage: 'prepare',
      executor: 'cluster',
      environment: { GREETING: ', hello' },
      secrets: ['OCRPIPE_TEST_SECRET'],
      input: { deps: [{ path: 'raw.txt', kind: 'file' }] },
      outs: [{ path: 'prepared.txt' }],
    });
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) =>
      each.isFile(),
    );
    expect(files.map(({ name }) => name)).toContain('result.json');
    for (const { parentPath, name } of files) {
      expect(readFileSync(join(parentPath, name), 'utf8')).not.toContain('hunter2');
    }
    expect(readFileSync(join(folder, 'attempt-1', 'log'), 'utf8')).toBe('the secret is ***, hello\n');
    workspace.remove('prepared.txt');
    const byHand = await runProcess('sh', [join(folder, 'run.sh')], { cwd: '/' });
    expect(byHand).toMatchObject({ exitCode: 0 });
    expect(workspace.read('prepared.txt')).toBe('a\nb\n');
  });

  it('submits the members of a matrix that are ready together as one array', async () => {
    const members = ['a', 'b', 'c'].map(
      (name) => `  train@${name}:
    run: echo "$SLURM_ARRAY_JOB_ID $SLURM_ARRAY_TASK_ID" > ${name}.txt; echo ${name} trained
    deps: [raw.txt]
    outs: [${name}.txt]
    executor: cluster
`,
    );
    const workspace = workspaceWith(`stages:\n${members.join('')}`);
    workspace.write('raw.txt', 'raw\n');
    const { stages } = await workspace.repro();
    expect(stages.map(({ action }) => action)).toEqual(['ran', 'ran', 'ran']);
    const handles = ['a', 'b', 'c'].map((name) => workspace.jobState(`train@${name}`).handle!);
    expect(new Set(handles.map(({ number }) => number)).size).toBe(1);
    expect(handles.map(({ task }) => task).sort()).toEqual([0, 1, 2]);
    expect(workspace.read('b.txt')).toBe(`${handles[1]!.number} ${handles[1]!.task}\n`);
  });

  it('shows what a job prints while it runs, and goes on when the controller dies and comes back', async () => {
    const workspace = workspaceWith(waiting());
    const begun = workspace.printed('begun');
    const silent = workspace.noted('cluster-silent');
    const done = workspace.repro();
    await begun;
    await slurm!.killController(workspace.jobState('slow').handle!.number);
    await silent;
    await slurm!.startController();
    workspace.write('go', '');
    expect((await done).stages[0]).toMatchObject({ action: 'ran' });
    expect(workspace.jobState('slow')).toMatchObject({ attempt: 1, settled: true });
    expect(workspace.ran()).toEqual(['ran']);
  });

  it('finds the job of a repro that was killed, and does not submit it again', async () => {
    const workspace = workspaceWith(waiting());
    await workspace.killedRepro(() => workspace.hasBegun('slow'));
    const { number } = workspace.jobState('slow').handle!;
    const begun = workspace.printed('begun');
    const done = workspace.repro();
    await begun;
    workspace.write('go', '');
    expect((await done).stages[0]).toMatchObject({ action: 'ran' });
    expect(workspace.jobState('slow')).toMatchObject({ attempt: 1, settled: true, handle: { number } });
    expect(workspace.ran()).toEqual(['ran']);
    expect((await workspace.actions()).actions).toEqual({ slow: 'fresh' });
  });

  it('takes over what a job has made while there was no repro', async () => {
    const workspace = workspaceWith(waiting());
    await workspace.killedRepro(() => workspace.hasBegun('slow'));
    workspace.write('go', '');
    await until(() => existsSync(join(workspace.job('slow'), 'attempt-1', 'result.json')));
    const { stages } = await workspace.repro();
    expect(stages[0]).toMatchObject({ action: 'ran' });
    expect(workspace.jobState('slow')).toMatchObject({ attempt: 1, settled: true });
    expect(workspace.ran()).toEqual(['ran']);
  });

  it('ends the job of a repro that was killed where its inputs are not those of now', async () => {
    const workspace = workspaceWith(waiting());
    await workspace.killedRepro(() => workspace.hasBegun('slow'));
    const { number } = workspace.jobState('slow').handle!;
    workspace.write(
      'pipeline.yaml',
      'stages: {slow: {run: echo other > slow.txt, outs: [slow.txt], executor: cluster}}\n',
    );
    expect((await workspace.repro()).stages[0]).toMatchObject({ action: 'ran' });
    expect(await slurm!.run('scontrol', 'show', 'job', number)).toContain('JobState=CANCELLED');
    expect(workspace.read('slow.txt')).toBe('other\n');
  });

  it('reports a job that somebody else cancelled, and does not submit it again', async () => {
    const workspace = workspaceWith(waiting());
    const begun = workspace.printed('begun');
    const done = workspace.repro();
    await begun;
    await slurm!.run('scancel', workspace.jobState('slow').handle!.number);
    const [slow] = (await done).stages;
    expect(slow).toMatchObject({ action: 'failed', error: { code: 'job-lost' } });
    expect(slow!.lastLines![0]).toBe('begun');
    expect(slow!.error!.message).toContain('was cancelled');
    expect(workspace.has('slow.txt')).toBe(false);
  });

  it('cancels its jobs when it is interrupted', async () => {
    const workspace = workspaceWith(waiting());
    const stop = new AbortController();
    const begun = workspace.printed('begun');
    const done = workspace.repro({}, stop.signal);
    await begun;
    stop.abort(new Error('interrupted'));
    await expect(done).rejects.toThrow('interrupted');
    const { number } = workspace.jobState('slow').handle!;
    expect(await slurm!.run('scontrol', 'show', 'job', number)).toContain('JobState=CANCELLED');
    expect(workspace.jobState('slow').settled).toBe(true);
    workspace.write('go', '');
    expect((await workspace.repro()).stages[0]).toMatchObject({ action: 'ran' });
    expect(workspace.jobState('slow').attempt).toBe(2);
  });

  it('shows the end of what a failed job printed', async () => {
    const workspace = workspaceWith(
      'stages: {bad: {run: [echo before, "echo why >&2; exit 7"], executor: cluster}}\n',
    );
    const [bad] = (await workspace.repro()).stages;
    expect(bad).toMatchObject({
      action: 'failed',
      error: { code: 'stage-failed' },
      lastLines: ['before', 'why'],
    });
    expect(bad!.error!.message).toContain('exit code 7');
  });

  it('cancels a job whose stage takes longer than its timeout', async () => {
    const workspace = workspaceWith(
      'stages: {slow: {run: [echo begun, sleep 60], timeout: 1s, executor: cluster}}\n',
    );
    const [slow] = (await workspace.repro()).stages;
    expect(slow).toMatchObject({ action: 'failed', error: { code: 'stage-timeout' } });
    const { number } = workspace.jobState('slow').handle!;
    expect(await slurm!.run('scontrol', 'show', 'job', number)).toContain('JobState=CANCELLED');
  });

  it('masks secrets of several lines, and in base64, on the node already', async () => {
    stubEnvironment({ OCRPIPE_TEST_SECRET: 'first-line-of-it\nsecond-line-of-it\nx' });
    const run = ['echo "a $OCRPIPE_TEST_SECRET b"', 'printf %s "$OCRPIPE_TEST_SECRET" | base64 -w0'];
    const workspace = workspaceWith(
      `stages: {show: {run: ${JSON.stringify(run)}, secrets: [OCRPIPE_TEST_SECRET], executor: cluster}}\n`,
    );
    expect((await workspace.repro()).stages[0]).toMatchObject({ action: 'ran' });
    const log = readFileSync(join(workspace.job('show'), 'attempt-1', 'log'), 'utf8');
    expect(log).toBe('a ***\n***\nx b\n***\n');
  });

  it('submits a job again whose node failed', async () => {
    const workspace = workspaceWith(waiting());
    const begun = workspace.printed('begun');
    const again = workspace.noted('job-again');
    const done = workspace.repro();
    await begun;
    await slurm!.run('scontrol', 'update', `nodename=${slurm!.node}`, 'state=down', 'reason=test');
    await again;
    // The node says by itself that it is there again.
    workspace.write('go', '');
    expect((await done).stages[0]).toMatchObject({ action: 'ran' });
    expect(workspace.jobState('slow').attempt).toBe(2);
    expect(workspace.ran()).toEqual(['ran']);
  });

  it('submits a job again that was preempted', async () => {
    const workspace = workspaceWith(waiting('{cheap: {options: [--exclusive]}}'));
    const begun = workspace.printed('begun');
    const again = workspace.noted('job-again');
    const done = workspace.repro();
    await begun;
    await slurm!.run('sbatch', '--partition=high', '--exclusive', '--output=/dev/null', '--wrap=true');
    await again;
    workspace.write('go', '');
    expect((await done).stages[0]).toMatchObject({ action: 'ran' });
    expect(workspace.jobState('slow').attempt).toBe(2);
  });

  it('refuses what stands at an output and is not what the job wrote, by name', async () => {
    const workspace = workspaceWith(
      `stages: {make: {run: ${JSON.stringify(`mkdir out; echo whole > out/a; echo b > out/b; ${waitFor('go')}`)}, outs: [out], executor: cluster}}\n`,
    );
    // As a shared folder that lags behind would: the list of the job is made, and the file is another.
    workspace.write(
      'bin/sha256sum',
      '#!/bin/sh\n/usr/bin/sha256sum "$@"\ncase "$*" in *out*) echo half > out/a; rm out/b;; esac\n',
    );
    await runProcess('chmod', ['+x', workspace.path('bin/sha256sum')], { cwd: workspace.root });
    stubEnvironment({ PATH: `${workspace.path('bin')}:${process.env['PATH'] ?? ''}` });
    workspace.write('go', '');
    const [make] = (await workspace.repro()).stages;
    expect(make).toMatchObject({ action: 'failed', error: { code: 'output-half-written' } });
    expect(make!.error!.message).toMatch(/out\/a, out\/b$/);
    expect(workspace.has('pipeline.lock')).toBe(false);
  });

  it('says what Slurm said of a job that it does not take', async () => {
    const workspace = workspaceWith(
      'stages: {x: {run: "true", executor: {cluster: {partition: nowhere}}}}\n',
    );
    const [x] = (await workspace.repro()).stages;
    expect(x).toMatchObject({ action: 'failed', error: { code: 'slurm-refused' } });
  });
});
