import { chmodSync, existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { explainStages } from '../../../src/pipeline/staleness/why.js';
import { OcrpipeError } from '../../../src/base/errors.js';
import { commitStages } from '../../../src/pipeline/run/commit-stages.js';
import type { ReproResult } from '../../../src/pipeline/run/repro-report.js';
import { pipelineStatus } from '../../../src/pipeline/staleness/stage-status.js';
import { machineName } from '../../../src/tracking/machine-name.js';
import { fileListing } from '../../rig/file-listing.js';
import { byName, newPipeline, PIPELINE, type PipelineWorkspace } from '../pipeline-workspace.js';

const ALL = ['prepare', 'train', 'evaluate', 'lint'];
const all = (action: string): Record<string, string> => Object.fromEntries(ALL.map((name) => [name, action]));
const refusal = (code: string): unknown => expect.objectContaining({ code, exitCode: 2 }) as unknown;

/** What repro was refused with, or else its stages were. */
async function failuresOf(repro: Promise<ReproResult>) {
  try {
    const errors = (await repro).stages.flatMap(({ error }) => error ?? []);
    return errors.map(({ code, message, hint }) => ({ code, message, hint, exitCode: 1 }));
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    const { code, message, hint, exitCode } = error;
    return [{ code, message, hint, exitCode }];
  }
}

describe('repro', () => {
  it('runs everything once, writes pointers and lock, and then has nothing to do', async () => {
    const workspace = await newPipeline();
    const first = await workspace.actions();
    expect(first.actions).toEqual(all('ran'));
    expect(first.ran.sort()).toEqual([...ALL].sort());
    expect(workspace.has('models/m.ocr')).toBe(true);
    expect(workspace.has('reports/test.json.ocr')).toBe(false);
    expect(workspace.read('models/.gitignore')).toBe('/m\n');
    expect(workspace.read('pipeline.lock')).toMatch(
      /^ {2}evaluate:\n[^]*^ {2}lint:\n[^]*^ {2}prepare:\n[^]*^ {2}train:\n/m,
    );
    const lock = workspace.read('pipeline.lock');
    expect(await workspace.actions()).toEqual({ actions: all('fresh'), ran: [] });
    expect(workspace.read('pipeline.lock')).toBe(lock);
  });

  it('runs only what a changed parameter concerns, and says old and new', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    workspace.write('params.yaml', '# a comment\nother: 2\ntrain:\n  epochs: 12\n');
    const { stages } = await workspace.repro();
    expect(workspace.ran()).toEqual(['train', 'evaluate']);
    expect(byName(stages, (stage) => stage.action)).toEqual({
      prepare: 'fresh',
      train: 'ran',
      evaluate: 'ran',
      lint: 'fresh',
    });
    expect(byName(stages, (stage) => stage.reasons)['train']).toEqual([
      { kind: 'param-changed', subject: 'params.yaml:train.epochs', old: 3, new: 12 },
    ]);
  });

  it('reruns nothing for comments, the order of keys or another way to write a number', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    workspace.write('params.yaml', '# comment\nother: 1\ntrain: {"epochs": 3.0}\n');
    workspace.write(
      'pipeline.yaml',
      `# comment\n${PIPELINE.replace('deps: [prepared.txt, train.sh]', 'desc: trains\n    deps: [train.sh, prepared.txt]')}`,
    );
    expect((await workspace.actions()).actions).toEqual(all('fresh'));
  });

  it('sees a list become a map, takes a key with a dot, and is fresh again after a key named __proto__', async () => {
    const workspace = await newPipeline(String.raw`stages: {a: {run: "true", params: [l, 'x\.y', proto]}}`);
    const write = (l: string): void => {
      workspace.write('params.yaml', `l: ${l}\nx.y: 1\nproto: {__proto__: {a: 1}, b: 2}\n`);
    };
    write('[1, 2]');
    expect((await workspace.actions()).actions).toEqual({ a: 'ran' });
    expect((await workspace.actions()).actions).toEqual({ a: 'fresh' });
    write('{0: 1, 1: 2}');
    expect((await workspace.actions()).actions).toEqual({ a: 'ran' });
    write('[1, 2]');
    expect((await workspace.actions()).actions).toEqual({ a: 'restored' });
  });

  it('sees what a link in a dependency leads to elsewhere in the workspace, also where links go in a circle', async () => {
    const workspace = await newPipeline('stages: {a: {run: cat d/sub/l d/f/x > o, deps: [d], outs: [o]}}');
    workspace.write('d/sub/own', 'own\n');
    workspace.write('other', '1\n');
    workspace.write('far/x', '1\n');
    symlinkSync('../../other', workspace.path('d/sub/l'));
    symlinkSync('../far', workspace.path('d/f'));
    symlinkSync('../d', workspace.path('far/back'));
    symlinkSync('.', workspace.path('far/self'));
    symlinkSync('nowhere', workspace.path('d/broken'));
    symlinkSync('..', workspace.path('d/up'));
    expect((await workspace.actions()).actions).toEqual({ a: 'ran' });
    expect((await workspace.actions()).actions).toEqual({ a: 'fresh' });
    workspace.write('other', '2\n');
    expect((await workspace.actions()).actions).toEqual({ a: 'ran' });
    workspace.write('far/x', '2\n');
    const [why] = await explainStages(workspace.host(), 'a', workspace.root);
    expect(why?.reasons).toMatchObject([{ subject: 'd', files: [{ path: 'f/x', change: 'modified' }] }]);
    expect((await workspace.actions()).actions).toEqual({ a: 'ran' });
    expect(workspace.read('o')).toBe('2\n2\n');
  });

  it('skips what is behind a rerun that gives the same bytes', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    workspace.write('train.sh', 'cat prepared.txt; grep epochs params.yaml # the same\n');
    expect(await workspace.actions()).toEqual({
      actions: { prepare: 'fresh', train: 'ran', evaluate: 'fresh', lint: 'ran' },
      ran: expect.arrayContaining(['train', 'lint']) as string[],
    });
  });

  it('restores an earlier result instead of running, after git checkout of the older commit and back', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    const first = {
      weights: workspace.read('models/m/weights'),
      metrics: workspace.read('reports/test.json'),
    };
    workspace.commit('first');
    workspace.write('params.yaml', 'train: {epochs: 1000}\n');
    workspace.write('data/raw/a.txt', 'another a\n');
    expect((await workspace.actions()).actions).toEqual({ ...all('ran'), lint: 'fresh' });
    const second = {
      weights: workspace.read('models/m/weights'),
      metrics: workspace.read('reports/test.json'),
    };
    expect(second).not.toEqual(first);
    workspace.commit('second');

    workspace.git('checkout', '-q', 'HEAD~1');
    const back = await workspace.actions();
    expect(back).toEqual({
      actions: { prepare: 'restored', train: 'restored', evaluate: 'fresh', lint: 'fresh' },
      ran: [],
    });
    expect(workspace.read('models/m/weights')).toBe(first.weights);
    expect(workspace.read('reports/test.json')).toBe(first.metrics);
    expect(workspace.read('data/raw/a.txt')).toBe('a\n');
    expect(workspace.git('status', '--porcelain')).toBe('');

    workspace.git('checkout', '-q', 'main');
    expect((await workspace.actions()).ran).toEqual([]);
    expect(workspace.read('models/m/weights')).toBe(second.weights);
    expect(workspace.git('status', '--porcelain')).toBe('');
  });

  it('restores from run records when a parameter goes back, without a commit', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    const weights = workspace.read('models/m/weights');
    workspace.write('params.yaml', 'train: {epochs: 9}\n');
    await workspace.actions();
    workspace.write('params.yaml', 'train: {epochs: 3}\n');
    expect(await workspace.actions()).toEqual({
      actions: { prepare: 'fresh', train: 'restored', evaluate: 'restored', lint: 'fresh' },
      ran: [],
    });
    expect(workspace.read('models/m/weights')).toBe(weights);
    workspace.write('params.yaml', 'train: {epochs: 9}\n');
    expect((await workspace.actions({ runCache: false })).ran).toEqual(['train', 'evaluate']);
  });

  it('restores another result of the same inputs where one is damaged', async () => {
    const workspace = await newPipeline('stages: {a: {run: cp hidden x, params: [other], outs: [x]}}');
    const away = async (): Promise<void> => {
      workspace.write('hidden', 'away');
      workspace.write('params.yaml', 'other: 2\n');
      await workspace.repro();
      workspace.write('params.yaml', 'other: 1\n');
    };
    const contents = ['a', 'b'].map((letter) => letter.repeat(2 ** 20));
    for (const content of contents) {
      workspace.write('hidden', content);
      workspace.write('params.yaml', 'other: 1\n');
      await workspace.repro({ force: true });
    }
    await away();
    expect((await workspace.actions()).actions).toEqual({ a: 'restored' });
    const first = workspace.read('x');
    await away();
    const id = contentIdOf(first);
    const stored = workspace.path(`.ocrstore/objects/${id.slice(0, 2)}/${id.slice(2)}`);
    chmodSync(stored, 0o644);
    writeFileSync(stored, 'z'.repeat(2 ** 20));
    expect((await workspace.actions()).actions).toEqual({ a: 'restored' });
    expect(workspace.read('x')).toBe(contents.find((content) => content !== first));
  });

  it('puts back outputs that were deleted, and runs again if their bytes are nowhere', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    workspace.remove('models/m');
    workspace.remove('reports/test.json');
    expect(await workspace.actions()).toEqual({
      actions: { prepare: 'fresh', train: 'restored', evaluate: 'restored', lint: 'fresh' },
      ran: [],
    });
    workspace.remove('models/m');
    workspace.remove('.ocrstore/packs');
    await workspace.add('data/raw');
    expect((await workspace.actions()).ran).toContain('train');
  });

  it('keeps what succeeded when a stage fails, and shows the end of what it printed', async () => {
    const workspace = await newPipeline();
    workspace.write('train.sh', 'echo begun; echo broken >&2; exit 7\n');
    const { stages } = await workspace.repro({ keepGoing: true });
    expect(byName(stages, (stage) => stage.action)).toEqual({
      prepare: 'ran',
      train: 'failed',
      evaluate: 'skipped',
      lint: 'ran',
    });
    const failed = stages.find((stage) => stage.name === 'train')!;
    expect(failed.error).toMatchObject({ code: 'stage-failed' });
    expect(failed.error?.message).toContain('exit code 7');
    expect(failed.lastLines).toEqual(['broken']);
    expect(workspace.has('models/m.ocr')).toBe(false);
    workspace.ran();
    workspace.write('train.sh', 'echo good\n');
    expect((await workspace.actions()).ran.sort()).toEqual(['evaluate', 'lint', 'train']);
  });

  it('starts nothing new after a failure unless told to keep going', async () => {
    const workspace = await newPipeline();
    workspace.write('pipeline.yaml', 'stages: {a: {run: "exit 1"}, b: {run: echo b >> ran.log}}');
    expect(await workspace.actions({ jobs: 1 })).toEqual({ actions: { a: 'failed', b: 'skipped' }, ran: [] });
    expect(await workspace.actions({ jobs: 1, keepGoing: true })).toEqual({
      actions: { a: 'failed', b: 'ran' },
      ran: ['b'],
    });
  });

  it('does not take a missing output for a success', async () => {
    const workspace = await newPipeline('stages: {a: {run: "true", outs: [x]}}');
    const { stages } = await workspace.repro();
    expect(stages[0]).toMatchObject({ action: 'failed', error: { code: 'output-not-made' } });
    expect(workspace.has('pipeline.lock')).toBe(false);
  });

  it('refuses to overwrite an output that was edited by hand, changes nothing, and obeys --force', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    workspace.write('models/m/weights', 'mine\n');
    workspace.write('data/raw/a.txt', 'more\n');
    const pointer = workspace.read('data/raw.ocr');
    await expect(workspace.repro()).rejects.toEqual(refusal('output-changed'));
    expect(workspace.read('models/m/weights')).toBe('mine\n');
    expect(workspace.read('data/raw.ocr')).toBe(pointer);
    expect(workspace.ran()).toEqual([]);
    expect((await workspace.actions({ targets: ['train'], force: true })).ran).toEqual(['prepare', 'train']);
    expect(workspace.read('models/m/weights')).not.toBe('mine\n');
  });

  it('reports a stage that cannot be restored over an edit made meanwhile, with what the others did', async () => {
    const workspace = await newPipeline(`stages:
  a: {run: "head -c2 src > a.out; ! grep -q edit src || echo mine > b.out", deps: [src], outs: [a.out]}
  b: {run: cp a.out b.out, deps: [a.out], outs: [b.out]}
  c: {run: cp src c.out, deps: [src], outs: [c.out]}
`);
    for (const version of ['s1', 's2']) {
      workspace.write('src', version);
      await workspace.repro();
    }
    workspace.write('src', 's1 edit');
    const { stages } = await workspace.repro({ keepGoing: true });
    expect(byName(stages, ({ action }) => action)).toEqual({ a: 'ran', b: 'failed', c: 'ran' });
    expect(byName(stages, ({ error }) => error?.code)).toMatchObject({ b: 'output-changed' });
    expect(workspace.read('b.out')).toBe('mine\n');
  });

  it('refuses an edited metrics file whose bytes are nowhere else', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    workspace.write('reports/test.json', '{"bytes": 1000000}');
    await expect(workspace.repro()).rejects.toEqual(refusal('output-changed'));
  });

  it('removes outputs before a run, except those with persist', async () => {
    const text = `stages:
  a:
    run: echo more >> kept; echo more >> fresh
    params: [other]
    outs: [{path: kept, persist: true}, fresh]
`;
    const workspace = await newPipeline(text);
    await workspace.repro();
    workspace.write('params.yaml', 'other: 2\n');
    await workspace.repro();
    expect(workspace.read('kept')).toBe('more\nmore\n');
    expect(workspace.read('fresh')).toBe('more\n');
  });

  it('leaves frozen stages alone, runs those with always, and runs the named ones with --force', async () => {
    const workspace = await newPipeline();
    await workspace.actions();
    workspace.write(
      'pipeline.yaml',
      PIPELINE.replace('  train:\n', '  train:\n    frozen: true\n').replace(
        '  lint:\n',
        '  lint:\n    always: true\n',
      ),
    );
    workspace.write('params.yaml', 'train: {epochs: 77}\n');
    expect(await workspace.actions()).toEqual({
      actions: { prepare: 'fresh', train: 'frozen', evaluate: 'fresh', lint: 'ran' },
      ran: ['lint'],
    });
    expect((await workspace.actions({ targets: ['evaluate'], force: true })).ran).toEqual(['evaluate']);
  });

  it('changes nothing in a dry run, and says what a run would do', async () => {
    const workspace = await newPipeline();
    const dry = await workspace.repro({ dryRun: true });
    expect(byName(dry.stages, (stage) => stage.action)).toEqual(all('ran'));
    expect(workspace.has('prepared.txt')).toBe(false);
    await workspace.actions();
    workspace.write('data/raw/c.txt', 'c\n');
    const again = await workspace.repro({ dryRun: true });
    expect(
      byName(again.stages, ({ reasons }) => reasons.map(({ kind, subject }) => `${kind} ${subject}`)),
    ).toEqual({
      prepare: ['dep-changed data/raw'],
      train: ['upstream prepare'],
      evaluate: ['upstream train'],
      lint: [],
    });
    expect(workspace.ran()).toEqual([]);
  });

  it('refuses in a dry run what a run would refuse: an unknown resource, a folder that is not there', async () => {
    const workspace = await newPipeline('stages: {a: {run: "true", resources: {gpus: 1}}}');
    await expect(workspace.repro({ dryRun: true })).rejects.toEqual(refusal('unknown-resource'));
    workspace.write(
      'pipeline.yaml',
      'stages: {a: {run: mkdir d, outs: [d]}, b: {run: "true", wdir: d, deps: [.]}}',
    );
    expect((await workspace.actions({ dryRun: true })).actions).toEqual({ a: 'ran', b: 'ran' });
  });

  const remove = (...names: string[]) => {
    return (workspace: PipelineWorkspace): void => {
      for (const name of names) workspace.remove(name);
    };
  };
  const write = (name: string, text: string) => {
    return (workspace: PipelineWorkspace): void => {
      workspace.write(name, text);
    };
  };

  it.each<[string, string, (workspace: PipelineWorkspace) => unknown]>([
    ['an output edited by hand', 'output-changed', write('models/m/weights', 'mine')],
    ['a metrics file edited by hand', 'output-changed', write('reports/test.json', '{"bytes": 7}')],
    ['a dependency that is gone', 'missing-dependency', remove('train.sh')],
    ['data that is nowhere', 'missing-data', remove('data/raw', '.ocrstore/packs')],
    ['a file that is not in tracked data', 'missing-dependency', remove('data/raw/a.txt')],
    ['a folder to run in that is gone', 'missing-folder', remove('work')],
    [
      'data that changed on both sides',
      'changed-on-both-sides',
      async (workspace: PipelineWorkspace) => {
        const pointer = workspace.read('data/raw.ocr');
        workspace.write('data/raw/b.txt', 'second');
        await workspace.add('data/raw');
        workspace.write('data/raw.ocr', pointer);
        workspace.write('data/raw/b.txt', 'third');
      },
    ],
  ])('promises nothing that a run then refuses, and refuses it alike: %s', async (_what, code, change) => {
    const workspace = await newPipeline(
      `${PIPELINE}  one:\n    run: cat ../data/raw/a.txt\n    deps: [../data/raw/a.txt]\n    wdir: work\n    always: true\n`,
    );
    workspace.write('work/x', '');
    await workspace.repro();
    await change(workspace);
    const files = fileListing(workspace.root);
    const dry = await failuresOf(workspace.repro({ dryRun: true, keepGoing: true }));
    const status = await pipelineStatus(workspace.host());
    expect(fileListing(workspace.root)).toEqual(files);
    expect(await failuresOf(workspace.repro({ keepGoing: true }))).toEqual(dry);
    expect(dry.map((each) => each.code)).toEqual([code]);
    expect([...new Set(status.problems.map((each) => each.code))]).toEqual([code]);
  });

  it('takes names of stages and paths of outputs as targets, upstream, downstream or the whole pipeline', async () => {
    const workspace = await newPipeline();
    const chosen = async (
      targets: string[],
      reach: 'upstream' | 'downstream' | 'pipeline',
    ): Promise<string[]> =>
      (await workspace.repro({ targets, reach, dryRun: true })).stages.map(({ name }) => name);
    expect(await chosen(['models/m'], 'upstream')).toEqual(['prepare', 'train']);
    expect(await chosen(['train'], 'downstream')).toEqual(['train', 'evaluate']);
    expect(await chosen(['train'], 'pipeline')).toEqual(['prepare', 'train', 'evaluate']);
    await expect(workspace.repro({ targets: ['trian'] })).rejects.toEqual(
      expect.objectContaining({ code: 'unknown-stage', exitCode: 2, hint: "Did you mean 'train'?" }),
    );
  });

  it('records nothing with --no-commit, and a later commit-less run may overwrite it', async () => {
    const workspace = await newPipeline();
    await workspace.actions({ commit: false });
    expect(workspace.has('models/m/weights')).toBe(true);
    expect(workspace.has('pipeline.lock')).toBe(false);
    expect(workspace.has('models/m.ocr')).toBe(false);
    expect((await workspace.actions()).ran.sort()).toEqual([...ALL].sort());
  });

  it('reports a stage that changes its own dependency, and does not record it', async () => {
    const workspace = await newPipeline(
      'stages: {a: {run: "echo x >> train.sh; echo x > out", deps: [train.sh], outs: [out]}}',
    );
    const { stages } = await workspace.repro();
    expect(stages[0]).toMatchObject({ action: 'failed', error: { code: 'stage-changed-dependency' } });
    expect(workspace.has('pipeline.lock')).toBe(false);
    expect(workspace.has('out')).toBe(true);
  });

  it.each([true, false])(
    'records no result of parameters that changed meanwhile (commit: %s)',
    async (commit) => {
      const workspace = await newPipeline(
        `stages: {a: {run: "echo 'lr: 2' > params.yaml; cp params.yaml out", params: [lr], outs: [out]}}`,
      );
      workspace.write('params.yaml', 'lr: 1\n');
      const { stages } = await workspace.repro({ commit });
      expect(stages[0]).toMatchObject({ action: 'failed', error: { code: 'stage-changed-parameter' } });
      workspace.write('params.yaml', 'lr: 1\n');
      await commitStages(workspace.host(), undefined);
      expect(byName((await workspace.repro()).stages, ({ action }) => action)).not.toMatchObject({
        a: 'fresh',
      });
    },
  );

  it.each([1, 4])(
    'takes no earlier result for data that changed while another stage ran (%i jobs)',
    async (jobs) => {
      const workspace = await newPipeline(
        [
          'stages:',
          '  a: {run: "if grep -q again src; then echo d2 > d.txt; fi; head -c2 src > a.out", deps: [src], outs: [a.out]}',
          '  b: {run: cat a.out d.txt > b.out, deps: [a.out, d.txt], outs: [b.out]}',
        ].join('\n'),
      );
      workspace.write('d.txt', 'd1\n');
      await workspace.add('d.txt');
      for (const src of ['s2', 's1', 's2 again']) {
        workspace.write('src', src);
        await workspace.repro({ jobs });
      }
      expect(workspace.read('b.out')).toBe('s2d2\n');
      expect((await workspace.actions({ jobs })).actions).toEqual({ a: 'fresh', b: 'fresh' });
    },
  );

  it('runs commands with ocrpipe of this installation on the PATH, in wdir, and keeps what they print', async () => {
    const workspace = await newPipeline(
      'stages: {a: {run: ["command -v ocrpipe", "pwd", "echo $OCRPIPE_STAGE >&2"], wdir: data}}',
    );
    await workspace.repro();
    const log = workspace.read('.ocrstore/logs/a/1.log').trim().split('\n');
    expect(log).toEqual([
      workspace.path(`.ocrstore/index/${machineName()}/bin/ocrpipe`),
      workspace.path('data'),
      'a',
    ]);
    expect(existsSync(log[0]!)).toBe(true);
    expect(workspace.events).toContainEqual({
      type: 'stage-output',
      stage: 'a',
      stream: 'stderr',
      line: 'a',
    });
  });

  it('takes from the pools that the configuration names', async () => {
    const workspace = await newPipeline(
      'stages: {a: {run: "true", resources: {licence: 1}}, b: {run: "true", resources: {licence: 5}}}',
    );
    await expect(workspace.repro()).rejects.toEqual(refusal('unknown-resource'));
    workspace.write('.ocrstore/config.yaml', 'version: 1\npools: {licence: 2}\n');
    await expect(workspace.repro()).rejects.toMatchObject({
      code: 'resource-too-large',
      message: "stage 'b' asks for 5 licence, and all there is here is 2 licence",
      location: { file: 'pipeline.yaml', line: 1, column: 91 },
    });
    workspace.write('.ocrstore/config.local.yaml', 'pools: {licence: 5}\n');
    expect((await workspace.actions()).actions).toEqual({ a: 'ran', b: 'ran' });
  });

  it('lets a second repro wait for the first, and then find nothing to do', async () => {
    const workspace = await newPipeline();
    const [first, second] = await Promise.all([workspace.repro(), workspace.repro()]);
    const ran = [...first.stages, ...second.stages].filter((stage) => stage.action === 'ran');
    expect(ran.map((stage) => stage.name).sort()).toEqual([...ALL].sort());
    expect(workspace.ran().sort()).toEqual([...ALL].sort());
  });
});
