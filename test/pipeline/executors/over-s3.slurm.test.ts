import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  type TestContext,
} from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { openRemote } from '../../../src/remote/backends/open-remote.js';
import { readAll, type Remote } from '../../../src/remote/backends/remote.js';
import { OCRPIPE_SCRIPT, runProcess } from '../../rig/ocrpipe.js';
import { awsEnvironment, startS3Server, type S3Server } from '../../rig/s3-server.js';
import { startSlurm, type Slurm } from '../../rig/slurm.js';
import { stubEnvironment } from '../../rig/stub-environment.js';
import { waitFor } from './cluster-workspace.js';
import { RemoteWorkspace } from './remote-workspace.js';

const SECRET = 'hunter2-do-not-tell';

let slurm: Slurm | undefined;
let server: S3Server;
/** Where workspaces are: nothing of it is seen on the node. */
let hidden: string;
/** A folder of the node. */
let node: string;
/** A part of the bucket, of one test. */
let remote: Remote;
let tests = 0;

beforeAll(async () => {
  hidden = folder('ocrpipe-hidden-');
  node = folder('ocrpipe-node-');
  [slurm, server] = await Promise.all([startSlurm(hidden), startS3Server()]);
  const credentials = Object.entries(awsEnvironment(server.users.writer));
  writeFileSync(
    join(node, 'credentials'),
    credentials.map(([name, value]) => `export ${name}=${value}\n`).join(''),
  );
});

afterAll(async () => {
  await Promise.all([slurm?.stop(), server.stop()]);
  for (const each of [hidden, node]) rmSync(each, { recursive: true, force: true });
});

beforeEach(async ({ skip }: TestContext) => {
  if (slurm === undefined) skip('no Slurm can be installed here: see stderr for the reason');
  tests += 1;
  stubEnvironment({
    ...awsEnvironment(server.users.writer),
    ...{ SLURM_CONF: slurm!.conf, OCRPIPE_TEST_SECRET: SECRET, TMPDIR: hidden },
  });
  remote = await openRemote({ url: url(), endpoint: server.endpoint }, '/nonexistent', () => '');
  onTestFinished(() => {
    remote.close();
    for (const file of ['go', 'begun']) rmSync(join(node, file), { force: true });
  });
});

function folder(name: string): string {
  return realpathSync(mkdtempSync(join(tmpdir(), name)));
}

function url(): string {
  return `s3://${server.bucket}/test-${tests}`;
}

function workspaceWith(pipeline: string, setup = [`. ${node}/credentials`]): RemoteWorkspace {
  const workspace = new RemoteWorkspace();
  const program = `${process.execPath} ${OCRPIPE_SCRIPT}`;
  const config = {
    version: 1,
    project: 'test',
    remotes: { bucket: { url: url(), endpoint: server.endpoint } },
    executors: {
      cluster: { type: 'slurm', interval: 0.5, remote: 'bucket', ocrpipe: program, folder: node, setup },
      cheap: {
        type: 'slurm',
        interval: 0.5,
        partition: 'low',
        options: ['--exclusive'],
        remote: 'bucket',
        ocrpipe: program,
        folder: node,
        setup,
      },
      lost: {
        type: 'slurm',
        interval: 0.5,
        remote: 'bucket',
        ocrpipe: '/nowhere/ocrpipe',
        folder: node,
        setup,
      },
    },
  };
  workspace.write('.ocrstore/config.yaml', JSON.stringify(config));
  workspace.write('pipeline.yaml', pipeline);
  return workspace;
}

/** A stage that begins, and then waits for the file 'go' of the node. */
function waiting(executor = 'cluster'): string {
  const run = [
    `touch ${node}/begun`,
    waitFor(`${node}/go`),
    `echo ran >> ${node}/ran.log`,
    'date +%N > slow.txt',
    'echo done',
  ];
  return `stages: {slow: {run: ${JSON.stringify(run)}, outs: [slow.txt], executor: ${executor}}}\n`;
}

function go(): void {
  writeFileSync(join(node, 'go'), '');
}

/** How often commands ran to their end since this was last asked. */
function runs(): number {
  const file = join(node, 'ran.log');
  const lines = there('ran.log') ? readFileSync(file, 'utf8').trim().split('\n').length : 0;
  rmSync(file, { force: true });
  return lines;
}

function there(name: string): boolean {
  return readdirSync(node).includes(name);
}

async function keys(prefix: string): Promise<string[]> {
  return (await remote.list(prefix)).map(({ key }) => key);
}

/** Names of the keys of jobs, without what tells attempts apart. */
async function jobKeys(): Promise<string[]> {
  return (await keys('jobs/')).map((key) => key.split('/').slice(3).join('/')).sort();
}

describe('a pipeline on Slurm, whose nodes share nothing with this machine but a bucket', () => {
  it('runs stage after stage where nothing of the workspace is seen, and records what they made', async () => {
    const workspace = workspaceWith(`stages:
  prepare:
    run: ['ls -A ${hidden} | wc -l', sh code/sort.sh > prepared.txt, 'echo "$OCRPIPE_TEST_SECRET $GREETING"']
    deps: [raw.txt, code/sort.sh]
    env: {GREETING: hello}
    secrets: [OCRPIPE_TEST_SECRET]
    outs: [prepared.txt]
    executor: cluster
  train:
    run: [mkdir -p models/m, cat prepared.txt > models/m/weights, 'head -c 3000000 /dev/zero > models/m/large']
    deps: [prepared.txt]
    outs: [models/m]
    executor: cluster
`);
    workspace.write('raw.txt', 'b\na\n');
    workspace.write('code/sort.sh', 'sort raw.txt\n');
    const { stages } = await workspace.repro();
    expect(stages.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(workspace.read('models/m/weights')).toBe('a\nb\n');
    const lines = workspace.events.flatMap((event) => (event.type === 'stage-output' ? [event.line] : []));
    expect(lines).toEqual(['0', '*** hello']);
    expect((await workspace.actions()).actions).toEqual({ prepare: 'fresh', train: 'fresh' });
    expect(await jobKeys()).toEqual([]);
    // Small files go in packs.
    expect((await keys('packs/')).filter((key) => key.endsWith('.pack')).length).toBeLessThanOrEqual(4);
  });

  it('shows what a job prints while it runs; values of secrets and keys are nowhere on the remote or in a file', async () => {
    const secret = { ...server.users.writer, SECRET };
    const run = ['echo "$OCRPIPE_TEST_SECRET"', waitFor(`${node}/go`)];
    const workspace = workspaceWith(
      `stages: {slow: {run: ${JSON.stringify(run)}, secrets: [OCRPIPE_TEST_SECRET], executor: cluster}}\n`,
    );
    const begun = workspace.printed('begun');
    const done = workspace.repro();
    await begun;
    expect(await jobKeys()).toEqual(expect.arrayContaining(['job.json', 'log/00000000', 'started.json']));
    const texts: string[] = [];
    for (const key of await keys('jobs/')) texts.push((await readAll((await remote.get(key))!)).toString());
    expect(texts.join()).toContain('***\n');
    const number = workspace.jobState('slow').handle!.number;
    texts.push(await slurm!.run('scontrol', 'write', 'batch_script', number, '-'));
    const kept = [workspace.path('.ocrstore'), node].flatMap((each) => filesIn(each));
    texts.push(
      ...kept
        .filter((file) => file !== join(node, 'credentials'))
        .map((file) => readFileSync(file, 'latin1')),
    );
    for (const value of Object.values(secret)) {
      expect(texts.filter((text) => text.includes(value))).toEqual([]);
    }
    // The environment that Slurm keeps for the job has the secret of its stage, and no credentials of this machine.
    const state = filesIn(join(dirname(slurm!.conf), 'state')).filter((file) =>
      file.endsWith(`/job.${number}/environment`),
    );
    const environment = state.map((file) => readFileSync(file, 'latin1')).join();
    expect(environment).toContain(SECRET);
    expect(environment).not.toContain(server.users.writer.secretAccessKey);
    go();
    expect((await done).stages[0]).toMatchObject({ action: 'ran' });
  });

  it('submits the members of a matrix that are ready together as one array', async () => {
    const members = ['a', 'b', 'c'].map(
      (name) => `  train@${name}:
    run: echo "$SLURM_ARRAY_JOB_ID $SLURM_ARRAY_TASK_ID" > ${name}.txt
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
    expect(workspace.read('b.txt')).toBe(`${handles[1]!.number} ${handles[1]!.task}\n`);
  });

  it('finds the job of a repro that was killed, and takes over what one made without it', async () => {
    const workspace = workspaceWith(waiting());
    await workspace.killedRepro(() => there('begun'));
    const { number } = workspace.jobState('slow').handle!;
    const begun = workspace.printed('begun');
    const second = new AbortController();
    await workspace.killedRepro(() => true);
    const done = workspace.repro({}, second.signal);
    await begun;
    go();
    expect((await done).stages[0]).toMatchObject({ action: 'ran' });
    expect(workspace.jobState('slow')).toMatchObject({ attempt: 1, settled: true, handle: { number } });
    expect(runs()).toBe(1);
    expect((await workspace.actions()).actions).toEqual({ slow: 'fresh' });
    expect(await jobKeys()).toEqual([]);
  });

  it('accepts no output that is not, byte by byte, what the job hashed', async () => {
    const workspace = workspaceWith(waiting());
    await workspace.killedRepro(() => there('begun'));
    const before = new Set(await keys('packs/'));
    go();
    await untilRemote(async () => (await jobKeys()).includes('result.json'));
    const packs = (await keys('packs/')).filter((key) => key.endsWith('.pack') && !before.has(key));
    for (const key of packs) {
      const bytes = await readAll((await remote.get(key))!);
      for (let at = 40; at < bytes.length - 40; at += 1) bytes[at] = bytes[at]! ^ 1;
      await remote.put(key, { bytes }, { sha256: contentIdOf(bytes) });
    }
    const [slow] = (await workspace.repro()).stages;
    expect(slow).toMatchObject({ action: 'failed', error: { code: 'object-damaged' } });
    expect(workspace.has('pipeline.lock')).toBe(false);
    expect(workspace.has('slow.txt')).toBe(false);
    // The next attempt does not trust what the remote says that it has.
    expect((await workspace.repro()).stages[0]).toMatchObject({ action: 'ran' });
    expect(runs()).toBe(2);
  });

  it('cancels its jobs when it is interrupted, and leaves nothing of them', async () => {
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
    expect(await jobKeys()).toEqual([]);
    expect(readdirSync(node).filter((name) => name.startsWith('ocrpipe-job-'))).toEqual([]);
  });

  it('submits a job again whose node crashed, from the same inputs', async () => {
    const workspace = workspaceWith(waiting());
    const begun = workspace.printed('begun');
    const again = workspace.noted('job-again');
    const done = workspace.repro();
    await begun;
    const first = signatureOf(workspace);
    await slurm!.crashNode();
    await again;
    await slurm!.startNode();
    go();
    expect((await done).stages[0]).toMatchObject({ action: 'ran' });
    expect(workspace.jobState('slow').attempt).toBe(2);
    expect(signatureOf(workspace)).toBe(first);
    expect(runs()).toBe(1);
  });

  it('submits a job again that was preempted', async () => {
    const workspace = workspaceWith(waiting('cheap'));
    const begun = workspace.printed('begun');
    const again = workspace.noted('job-again');
    const done = workspace.repro();
    await begun;
    await slurm!.run(
      'sbatch',
      '--partition=high',
      '--exclusive',
      '--chdir=/',
      '--output=/dev/null',
      '--wrap=true',
    );
    await again;
    go();
    expect((await done).stages[0]).toMatchObject({ action: 'ran' });
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
    expect(await jobKeys()).toEqual([]);
  });

  it('says that a node has no credentials, or no ocrpipe', async () => {
    const noCredentials = [
      `export ${Object.entries(awsEnvironment())
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')}`,
    ];
    const without = workspaceWith('stages: {x: {run: "true", executor: cluster}}\n', noCredentials);
    const [x] = (await without.repro()).stages;
    expect(x!.error).toMatchObject({ code: 'job-lost' });
    expect(x!.error!.message).toContain(`its node has no credentials for s3://${server.bucket}`);
    const number = without.jobState('x').handle!.number;
    expect(readFileSync(join(node, `ocrpipe-${number}.out`), 'utf8')).toContain('[credentials-missing]');
    const lost = workspaceWith('stages: {x: {run: "true", executor: lost}}\n');
    expect((await lost.repro()).stages[0]!.error!.message).toContain('its node has no ocrpipe on its PATH');
  });

  it('refuses a remote that is not there before anything runs', async () => {
    const workspace = workspaceWith('stages: {x: {run: "true", executor: elsewhere}}\n');
    workspace.write(
      '.ocrstore/config.yaml',
      'version: 1\nexecutors: {elsewhere: {type: slurm, remote: none}}\n',
    );
    await expect(workspace.repro()).rejects.toMatchObject({ code: 'unknown-remote', exitCode: 2 });
  });
});

function signatureOf(workspace: RemoteWorkspace): string {
  const text = readFileSync(join(workspace.job('slow'), 'job.json'), 'utf8');
  return (JSON.parse(text) as { signature: string }).signature;
}

async function untilRemote(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await runProcess('sleep', ['0.2'], { cwd: '/' });
}

function filesIn(top: string): string[] {
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}
