import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { OCRPIPE_SCRIPT, runOcrpipe } from '../rig/ocrpipe.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';

/** Writes its process id into `pid`, asks for no mercy: it goes on after SIGTERM, and notes that it came. */
const STUBBORN = `sh -c 'trap "touch asked" TERM; echo $$ > pid; while :; do sleep 0.02; done'`;

function start(workspace: TestWorkspace, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [OCRPIPE_SCRIPT, ...args], {
    ...{ cwd: workspace.root, env: { ...process.env, ...workspace.env, NO_COLOR: '1' } },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

const appears = (workspace: TestWorkspace, file: string): Promise<void> =>
  vi.waitFor(
    () => {
      expect(workspace.has(file) && workspace.read(file) !== '' ? 'there' : 'not there').toBe('there');
    },
    { timeout: 30_000, interval: 10 },
  );

/** A killed process that nobody has taken note of yet is dead, too. */
const isAlive = (pid: number): boolean => {
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return status === 0 && !stdout.startsWith('Z');
};

const endsAtOnce = (pid: number): Promise<void> =>
  vi.waitFor(() => {
    expect(isAlive(pid)).toBe(false);
  });

describe('a second Ctrl-C', () => {
  it('ends at once a stage that does not listen to SIGTERM; what was finished stays recorded', async () => {
    const workspace = await newWorkspace();
    workspace.write(
      'pipeline.yaml',
      `stages:
  done: {run: echo 1 > one, outs: [one]}
  stubborn: {run: ${JSON.stringify(STUBBORN.replace('touch asked', 'echo yes > asked'))}, deps: [one], outs: [two]}
`,
    );
    const repro = start(workspace, 'repro');
    await appears(workspace, 'pid');
    const pid = Number(workspace.read('pid'));
    repro.kill('SIGINT');
    await appears(workspace, 'asked');
    expect(isAlive(pid)).toBe(true);
    const began = performance.now();
    repro.kill('SIGINT');
    const [code] = (await once(repro, 'close')) as [number];
    expect(code).toBe(130);
    // Far less than the ten seconds that a first Ctrl-C leaves the stage.
    expect(performance.now() - began).toBeLessThan(5000);
    await endsAtOnce(pid);
    const { stages } = await workspace.json<{ stages: { name: string; state: string }[] }>('status');
    expect(stages).toMatchObject([
      { name: 'done', state: 'fresh' },
      { name: 'stubborn', state: 'never-run' },
    ]);
  });
});

describe('a repro that is killed', () => {
  it('leaves its slots of a pool to the next one, though its stage may go on', async () => {
    const workspace = await newWorkspace();
    workspace.write('.ocrstore/config.local.yaml', 'version: 1\npools: {licence: 1}\n');
    workspace.write(
      'pipeline.yaml',
      `stages:
  holds: {run: ${JSON.stringify(STUBBORN)}, outs: [held], resources: {licence: 1}}
  waits: {run: echo 2 > two, outs: [two], resources: {licence: 1}}
`,
    );
    const repro = start(workspace, 'repro', 'holds');
    await appears(workspace, 'pid');
    const pid = Number(workspace.read('pid'));
    onTestFinished(() => {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    });
    repro.kill('SIGKILL');
    await once(repro, 'close');
    const next = await runOcrpipe(['repro', 'waits'], { cwd: workspace.root, env: workspace.env });
    expect(next).toMatchObject({ exitCode: 0 });
    expect(workspace.read('two')).toBe('2\n');
  });
});

describe('logs --follow', () => {
  it('prints what is there, goes on while the stage runs, and ends with it', async () => {
    const workspace = await newWorkspace();
    workspace.write(
      'pipeline.yaml',
      'stages: {a: {run: "echo one; until test -e go; do sleep 0.02; done; echo two"}}\n',
    );
    const ended = once(start(workspace, 'repro'), 'close');
    await appears(workspace, '.ocrstore/logs/a/1.log');
    const logs = start(workspace, 'logs', 'a', '--follow');
    let printed = '';
    logs.stdout!.setEncoding('utf8').on('data', (text: string) => (printed += text));
    await vi.waitFor(() => {
      expect(printed).toBe('one\n');
    }, 30_000);
    workspace.write('go', '');
    const [code] = (await once(logs, 'close')) as [number];
    expect({ code, printed }).toEqual({ code: 0, printed: 'one\ntwo\n' });
    await ended;
  });
});
