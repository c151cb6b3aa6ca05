import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pull } from '../../../src/actions/pull.js';
import { push } from '../../../src/actions/push.js';
import { remoteAdd } from '../../../src/actions/remote-add.js';
import type { AbsPath } from '../../../src/base/paths.js';
import { git } from '../../rig/git-repository.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { PipelineWorkspace } from '../pipeline-workspace.js';

/** True if a file below a folder has a text in it. */
function holds(folder: string, text: string): boolean {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(text));
}

describe('the options of an output', () => {
  it('remote: it is pushed to that remote and pulled from it, and what has none goes where most goes', async () => {
    const home = temporaryFolder(afterAll);
    const folder = (name: string): string => join(home, name);
    const workspace = new PipelineWorkspace();
    workspace.write(
      'pipeline.yaml',
      `stages:
  make:
    run: cp in/shared shared; mkdir -p own; cp in/own own/file; cp in/m m.json
    outs: [shared, {path: own, remote: private, desc: weights under licence}]
    metrics: [{path: m.json, remote: private}]
`,
    );
    for (const [name, bytes] of [
      ['shared', 'shared bytes\n'],
      ['own', 'own bytes\n'],
      ['m', '{"cer":1}'],
    ] as const) {
      workspace.write(`in/${name}`, bytes);
    }
    for (const name of ['main', 'private']) {
      mkdirSync(folder(name));
      const remote = { name, settings: { url: folder(name) }, makeDefault: name === 'main', check: false };
      await remoteAdd(remote, workspace.call());
    }
    await workspace.repro();
    workspace.commit('made');
    const pushing = { targets: [], verify: false, jobs: 2 };
    const pushed = await push({ ...pushing, scope: { runs: true } }, workspace.call());
    expect(pushed.remote).toBe('main, private');
    const where = (text: string): string[] => ['main', 'private'].filter((name) => holds(folder(name), text));
    expect([where('shared bytes'), where('own bytes'), where('{"cer":1}')]).toEqual([
      ['main'],
      ['private'],
      ['private'],
    ]);
    expect((await push(pushing, workspace.call())).objects).toBe(0);

    // Asked for a remote, what belongs to another one stays; typed, it is refused.
    await push({ ...pushing, remote: 'main', scope: { runs: true } }, workspace.call());
    expect(where('own bytes')).toEqual(['private']);
    expect(workspace.events).toContainEqual(expect.objectContaining({ code: 'belongs-to-remote' }));
    await expect(
      push({ ...pushing, targets: ['own'], remote: 'main' }, workspace.call()),
    ).rejects.toMatchObject({
      code: 'belongs-to-remote',
      exitCode: 2,
      message: "own belongs to the remote 'private', not to 'main'",
    });

    git(home, 'clone', '-q', workspace.root, 'clone');
    const clone = new PipelineWorkspace(folder('clone') as AbsPath);
    const pulling = { targets: [], jobs: 2, force: false };
    renameSync(folder('main'), folder('away'));
    expect((await pull({ ...pulling, targets: ['own'] }, clone.call())).remote).toBe('private');
    expect(clone.read('own/file')).toBe('own bytes\n');
    renameSync(folder('away'), folder('main'));
    expect((await pull(pulling, clone.call())).remote).toBe('main, private');
    clone.remove('m.json');
    expect((await clone.actions()).actions).toEqual({ make: 'restored' });
  });

  it('cache: false leaves it to git, persist keeps it for the next run, and desc changes nothing', async () => {
    const workspace = new PipelineWorkspace();
    const text = (desc: string): string => `stages:
  make: {run: 'echo 1 >> log; cat in > kept', deps: [in], outs: [{path: log, persist: true, desc: ${desc}}, {path: kept, cache: false}]}
`;
    workspace.write('pipeline.yaml', text('one'));
    workspace.write('in', 'a');
    await workspace.repro();
    expect([workspace.has('log.ocr'), workspace.has('kept.ocr')]).toEqual([true, false]);
    expect(workspace.read('.gitignore')).toContain('/log\n');
    expect(workspace.read('.gitignore')).not.toContain('/kept');
    workspace.write('in', 'b');
    workspace.write('pipeline.yaml', text('two'));
    const { stages } = await workspace.repro();
    expect(stages[0]!.reasons.map(({ kind }) => kind)).toEqual(['dep-changed']);
    expect([workspace.read('log'), workspace.read('kept')]).toEqual(['1\n1\n', 'b']);
    workspace.remove('kept');
    expect((await workspace.actions()).actions).toEqual({ make: 'restored' });
    expect(workspace.read('kept')).toBe('b');
  });
});

describe('always and wdir', () => {
  it('run each time, and in a folder that another stage makes', async () => {
    const workspace = new PipelineWorkspace();
    workspace.write(
      'pipeline.yaml',
      `stages:
  test: {run: 'cat here > ../result; cat ../x > /dev/null', wdir: build, always: true, deps: [here, ../x], outs: [../result]}
  build: {run: 'mkdir -p build && cp x build/here', deps: [x], outs: [build]}
  lonely: {run: pwd > own/out, wdir: sub, outs: [own/out]}
`,
    );
    workspace.write('x', '1');
    workspace.write('sub/.keep', '');
    expect((await workspace.actions()).actions).toEqual({ test: 'ran', build: 'ran', lonely: 'ran' });
    expect(workspace.read('sub/own/out')).toBe(`${workspace.path('sub')}\n`);
    const { stages } = await workspace.repro();
    const test = stages.find(({ name }) => name === 'test')!;
    expect(test).toMatchObject({ action: 'ran', reasons: [{ kind: 'always', subject: 'test' }] });
    workspace.remove('build');
    workspace.remove('build.ocr');
    expect((await workspace.actions()).actions).toEqual({ test: 'ran', build: 'restored', lonely: 'fresh' });
  });
});
