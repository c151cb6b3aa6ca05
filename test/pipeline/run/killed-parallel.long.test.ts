import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fsck } from '../../../src/actions/fsck.js';
import type { AbsPath } from '../../../src/base/paths.js';
import { parseLockFile } from '../../../src/pipeline/records/lock-file.js';
import { crashesOf, pointsMet } from '../../rig/crashes.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { runOcrpipe } from '../../rig/ocrpipe.js';
import { byName, newPipeline, PipelineWorkspace } from '../pipeline-workspace.js';

/** Two rows of stages that run side by side, and one that joins them; each notes that it ran. */
const WIDTH = 3;
const names = (letter: string): string[] => Array.from({ length: WIDTH }, (_, at) => `${letter}${at}`);
const LEFT = names('a').map(
  (name) =>
    `  ${name}: {run: "mkdir -p o/${name} && cat data/raw/* params.yaml > o/${name}/f && echo ${name} >> ran.log", deps: [data/raw], params: [lr], outs: [o/${name}]}`,
);
const RIGHT = names('b').map(
  (name, at) =>
    `  ${name}: {run: "cat o/a${at}/f > ${name}.txt && echo ${name} >> ran.log", deps: [o/a${at}], outs: [${name}.txt]}`,
);
const JOIN = `  join: {run: "cat b*.txt | wc -c > n.json && echo join >> ran.log", deps: [${names('b')
  .map((name) => `${name}.txt`)
  .join(', ')}], metrics: [n.json]}`;
const PIPELINE = ['stages:', ...LEFT, ...RIGHT, JOIN, ''].join('\n');
const STAGES = [...names('a'), ...names('b'), 'join'];

const contentFor = (lr: string): string => `a\nb\nlr: ${lr}\n`;

async function begun(lr: string): Promise<PipelineWorkspace> {
  const workspace = await newPipeline(PIPELINE);
  workspace.write('params.yaml', `lr: ${lr}\n`);
  return workspace;
}

/** What must hold wherever a repro died: nothing half-written, and what the lock names is made, of the inputs that it names, and stored. */
async function expectPromises(killed: PipelineWorkspace, values: readonly string[]): Promise<string[]> {
  const lock = parseLockFile(killed.has('pipeline.lock') ? killed.read('pipeline.lock') : '');
  const { files, records } = killed.host();
  for (const entry of lock.values()) {
    for (const out of entry.outs) expect(files.inStore(out)).toBe(true);
    for (const { value } of entry.params) expect(values).toContain(JSON.stringify(value));
  }
  expect([...records.all()].length).toBeGreaterThanOrEqual(lock.size);
  for (const ignore of ['.gitignore', 'o/.gitignore']) {
    const lines = killed.has(ignore) ? killed.read(ignore).split('\n') : [''];
    expect(lines.at(-1)).toBe('');
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^(ran\.log|\/[ab]\d(\.txt)?)$/);
  }
  expect(await fsck({}, killed.call())).toMatchObject({ damaged: [], missing: [], problems: [] });
  return [...lock.keys()];
}

/** The next repro finishes, and runs nothing that was recorded. */
async function expectFinished(
  killed: PipelineWorkspace,
  lr: string,
  recorded: readonly string[],
): Promise<void> {
  killed.ran();
  await killed.repro();
  const again = killed.ran();
  expect(again.filter((name) => recorded.includes(name))).toEqual([]);
  for (const name of names('b')) expect(killed.read(`${name}.txt`)).toBe(contentFor(lr));
  expect(killed.read('n.json').trim()).toBe(String(WIDTH * contentFor(lr).length));
  const { stages } = await killed.repro();
  expect(byName(stages, ({ action }) => action)).toEqual(
    Object.fromEntries(STAGES.map((name) => [name, 'fresh'])),
  );
  expect(killed.git('status', '--porcelain', '-uall')).not.toContain('tmp');
}

describe('a repro of stages side by side that was killed', { timeout: 600_000 }, () => {
  it('loses no finished stage and marks no unfinished one, at whichever change of a file it died', async () => {
    const workspace = await begun('1');
    const crashes = await crashesOf(workspace.root, () => workspace.repro({ jobs: 3 }));
    expect(crashes.length).toBeGreaterThan(50);
    for (const { site, root } of crashes) {
      try {
        const killed = new PipelineWorkspace(root as AbsPath);
        const recorded = await expectPromises(killed, ['1']);
        await expectFinished(killed, '1', recorded);
      } catch (error) {
        throw new Error(`killed at ${site}`, { cause: error });
      }
      rmSync(root, { recursive: true });
    }
    const modules = ['pipeline/records/running-mark.ts', 'pipeline/run/output-files.ts'];
    expect(pointsMet(modules, crashes).some(({ met }) => met > 0)).toBe(true);
  });

  it('and so it is where it died in the middle of other results, by the system, at points drawn by chance', async () => {
    const workspace = await begun('1');
    await workspace.repro();
    workspace.write('params.yaml', 'lr: 22\n');
    const copies = temporaryFolder();
    // A multiplicative walk over all points: far apart from each other, and the same in every run.
    for (let trial = 1, point = 7; trial <= 16; trial += 1, point = (point * 31) % 127) {
      const killed = new PipelineWorkspace(join(copies, String(trial)) as AbsPath);
      cpSync(workspace.root, killed.root, { recursive: true, preserveTimestamps: true });
      const env = { OCRPIPE_TEST_KILL_AT: String(point) };
      await runOcrpipe(['repro', '--jobs', '3'], { cwd: killed.root, env });
      await expectPromises(killed, ['1', '22']);
      const recorded = [...parseLockFile(killed.read('pipeline.lock'))]
        .filter(([, { params }]) => params.some(({ value }) => value === 22))
        .map(([name]) => name);
      await expectFinished(killed, '22', recorded);
      rmSync(killed.root, { recursive: true });
    }
  });

  it('also by a stage that kills the whole of it while others run', async () => {
    const workspace = await begun('1');
    workspace.write(
      'pipeline.yaml',
      PIPELINE.replace('echo b1 >> ran.log', 'kill -9 $PPID; echo b1 >> ran.log'),
    );
    const { signal } = await runOcrpipe(['repro', '--jobs', '3'], { cwd: workspace.root });
    expect(signal).toBe('SIGKILL');
    const recorded = await expectPromises(workspace, ['1']);
    expect(recorded).not.toContain('b1');
    expect(recorded).toContain('a1');
    workspace.write('pipeline.yaml', PIPELINE);
    await expectFinished(workspace, '1', recorded);
  });
});
