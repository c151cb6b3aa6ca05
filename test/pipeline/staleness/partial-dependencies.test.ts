import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fsck } from '../../../src/actions/fsck.js';
import { pipelineStatus } from '../../../src/pipeline/staleness/stage-status.js';
import { explainStages } from '../../../src/pipeline/staleness/why.js';
import { pipelineHost } from '../../../src/project/pipeline-host.js';
import { Workspace } from '../../../src/project/workspace.js';
import { PipelineWorkspace } from '../pipeline-workspace.js';

function workspaceOf(stages: string, files: Readonly<Record<string, string>> = {}): PipelineWorkspace {
  const workspace = new PipelineWorkspace();
  workspace.write('pipeline.yaml', `stages:\n${stages}`);
  for (const [path, text] of Object.entries(files)) workspace.write(path, text);
  return workspace;
}

/** What repro would do with the stage `a`, and why. */
async function why(workspace: PipelineWorkspace, stage = 'a'): Promise<string[]> {
  const [explained] = await explainStages(workspace.host(), stage, workspace.root);
  return explained!.reasons.flatMap(({ kind, subject, files }) => [
    `${kind} ${subject}`,
    ...(files ?? []).map(({ change, path }) => `  ${change} ${path}`),
  ]);
}

async function action(workspace: PipelineWorkspace, stage = 'a'): Promise<string | undefined> {
  return (await workspace.actions()).actions[stage];
}

describe('a dependency on a pattern', () => {
  it('is the set of files that it names, and why tells which one came or went', async () => {
    const workspace = workspaceOf(
      "  a: {run: 'cat data/*/*.txt > out', deps: ['data/**/*.txt'], outs: [out]}\n",
      {
        'data/x/1.txt': '1',
        'data/y/2.txt': '2',
        'data/x/3.png': '3',
        'data/ignored/4.txt': '4',
        '.ocrignore': 'ignored/\n',
      },
    );
    expect(await action(workspace)).toBe('ran');
    workspace.write('data/x/3.png', 'another');
    workspace.write('data/ignored/4.txt', 'another');
    workspace.write('data/x/.hidden.txt', 'new');
    expect(await action(workspace)).toBe('fresh');
    workspace.write('data/x/5.txt', '5');
    workspace.remove('data/y/2.txt');
    expect(await why(workspace)).toEqual([
      'dep-changed data/**/*.txt',
      '  added x/5.txt',
      '  deleted y/2.txt',
    ]);
    expect(workspace.read('pipeline.lock')).toContain('      - path: "data/**/*.txt"\n');
    expect(workspace.read('pipeline.lock')).toContain('        files: 2\n        glob: true\n');
    expect(await action(workspace)).toBe('ran');
    expect((await fsck({}, workspace.call())).damaged).toEqual([]);
  });

  it('that matches nothing is said before anything runs, and a file of that very name is pointed out', async () => {
    const workspace = workspaceOf(
      "  a: {run: 'true', deps: ['x[1].txt']}\n  b: {run: 'echo b >> ran.log'}\n",
      {
        'x[1].txt': '',
      },
    );
    await expect(workspace.repro()).rejects.toMatchObject({
      code: 'empty-dependency',
      exitCode: 2,
      message: "no file matches 'x[1].txt', which stage 'a' needs",
      hint: expect.stringContaining('write {path: "x[1].txt"}') as string,
    });
    expect(workspace.ran()).toEqual([]);
    const statuses = await pipelineStatus(workspace.host());
    expect(statuses.problems).toMatchObject([{ code: 'empty-dependency' }]);
    workspace.write('pipeline.yaml', "stages: {a: {run: 'true', deps: [{path: 'x[1].txt'}]}}");
    expect(await action(workspace)).toBe('ran');
  });

  it('waits for stages that make what it names, and leaves out what the stage makes itself', async () => {
    const workspace = workspaceOf(
      `  all: {run: 'cat parts/*.json > parts/all.json', deps: ['parts/*.json'], outs: [parts/all.json]}
  one: {run: 'echo 1 > parts/one.json', deps: [in], outs: [parts/one.json]}
  two: {run: 'echo 2 > parts/two.json', outs: [parts/two.json]}
`,
      { in: 'x' },
    );
    expect(await workspace.actions()).toMatchObject({ actions: { all: 'ran', one: 'ran', two: 'ran' } });
    expect(workspace.read('parts/all.json')).toBe('1\n2\n');
    expect((await workspace.actions()).actions).toEqual({ all: 'fresh', one: 'fresh', two: 'fresh' });
    workspace.write('in', 'y');
    expect(await why(workspace, 'all')).toEqual(['upstream one']);
    expect((await workspace.actions()).actions).toEqual({ all: 'fresh', one: 'ran', two: 'fresh' });
  });

  it('follows links in the workspace, and a pointer is no file', async () => {
    const workspace = workspaceOf("  a: {run: 'true', deps: ['in/*']}\n", {
      'code/x.py': '1',
      'data/raw.txt': 'r',
    });
    workspace.write('in/y.py', 'y');
    const { symlinkSync } = await import('node:fs');
    symlinkSync('../code/x.py', workspace.path('in/x.py'));
    await workspace.add('in/y.py');
    expect(await action(workspace)).toBe('ran');
    expect(await action(workspace)).toBe('fresh');
    workspace.write('code/x.py', '2');
    expect(await why(workspace)).toEqual(['dep-changed in/*', '  modified x.py']);
  });
});

describe('a dependency on lines of a file', () => {
  it('is only these lines, however long the file is', async () => {
    const lines = (count: number, name = 'line'): string =>
      Array.from({ length: count }, (_, at) => `${name} ${at + 1}\n`).join('');
    const workspace = workspaceOf("  a: {run: 'true', deps: [{file: labels.txt, lines: [2-3, 5]}]}\n", {
      'labels.txt': lines(5),
    });
    expect(await action(workspace)).toBe('ran');
    expect(workspace.read('pipeline.lock')).toContain('        lines: "2-3,5"\n');
    workspace.write('labels.txt', `other\n${lines(200_000).slice('line 1\n'.length)}`);
    expect(await action(workspace)).toBe('fresh');
    workspace.write('labels.txt', lines(5).replace('line 5', 'line 55'));
    expect(await why(workspace)).toEqual(['dep-changed labels.txt:2-3,5']);
    workspace.write('labels.txt', 'one\n');
    await expect(workspace.repro()).rejects.toMatchObject({
      code: 'empty-dependency',
      message: "'labels.txt' has none of the lines 2-3,5, which stage 'a' needs",
    });
  });
});

describe('a dependency on keys of a file', () => {
  it('is their values, also of a file that another stage makes', async () => {
    const workspace = workspaceOf(
      `  a: {run: 'echo a >> ran.log', deps: [{file: m.json, keys: [score.cer]}]}
  m: {run: 'cat in.json > m.json', deps: [in.json], metrics: [m.json]}
`,
      { 'in.json': '{"score": {"cer": 0.10, "n": 5}}' },
    );
    expect((await pipelineStatus(workspace.host())).stages.map(({ state }) => state)).toEqual([
      'never-run',
      'never-run',
    ]);
    expect((await workspace.actions()).actions).toEqual({ a: 'ran', m: 'ran' });
    workspace.write('in.json', '{"score": {"n": 6, "cer": 0.1}}');
    expect(await why(workspace)).toEqual(['upstream m']);
    expect((await workspace.actions()).actions).toEqual({ a: 'fresh', m: 'ran' });
    workspace.write('in.json', '{"score": {"cer": 0.2}}');
    const { stages } = await workspace.repro();
    expect(stages.find(({ name }) => name === 'a')!.reasons).toEqual([
      { kind: 'param-changed', subject: 'm.json:score.cer', old: 0.1, new: 0.2 },
    ]);
  });
});

describe('a dependency on git', () => {
  it('is what git holds or would take up, with the edits in the workspace: ignored files do not count', async () => {
    const workspace = workspaceOf("  a: {run: 'true', deps: [{git: src}, {git: setup.py}]}\n", {
      'src/a.py': '1',
      'src/sub/b.py': '2',
      'setup.py': 's',
      'src/.gitignore': 'build/\n',
    });
    workspace.commit('code');
    expect(await action(workspace)).toBe('ran');
    workspace.write('src/build/a.pyc', 'built');
    expect(await action(workspace)).toBe('fresh');
    workspace.write('src/a.py', '11');
    workspace.write('src/new.py', 'n');
    const edited = ['dep-changed src (git)', '  modified a.py', '  added new.py'];
    expect(await why(workspace)).toEqual(edited);
    workspace.commit('the same, committed');
    expect(await why(workspace)).toEqual(edited);
    expect(await action(workspace)).toBe('ran');
    workspace.commit('the lock');
    expect(await action(workspace)).toBe('fresh');
  });
});

describe('a dependency on a stage', () => {
  it('is all its outputs, and runs after a stage without any', async () => {
    const workspace = workspaceOf(
      `  a: {run: 'cat x y && echo a >> ran.log', deps: [{stage: make}, {stage: check}]}
  make: {run: 'cp in x && cp in y', deps: [in], outs: [x], metrics: [{path: y}]}
  check: {run: 'echo check >> ran.log', deps: [in]}
`,
      { in: '1' },
    );
    expect((await workspace.actions()).ran.toSorted()).toEqual(['a', 'check']);
    workspace.write('in', '2');
    expect(await why(workspace)).toEqual(['upstream make']);
    expect(await action(workspace)).toBe('ran');
  });
});

describe('a dependency on a URL', () => {
  let server: Server;
  let version: string | undefined = '"1"';
  let status = 200;
  let requests: string[] = [];
  let url = '';

  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push(request.method!);
      response.writeHead(status, version === undefined ? {} : { etag: version });
      response.end('body');
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/labels.csv`;
  });

  afterAll(() => void server.close());

  it('is its version, asked once in a repro and not at all in a status', async () => {
    const workspace = workspaceOf(
      `  a: {run: 'true', deps: ['${url}']}\n  b: {run: 'true', deps: [{url: '${url}'}]}\n`,
    );
    expect((await workspace.actions()).actions).toEqual({ a: 'ran', b: 'ran' });
    expect(requests).toEqual(['HEAD']);
    expect(workspace.read('pipeline.lock')).toContain(
      `    urls:\n      - url: "${url}"\n        version: "etag \\"1\\""\n`,
    );
    requests = [];
    const quiet = pipelineHost(Workspace.open(workspace.call(), 'test'), { urls: false });
    expect((await pipelineStatus(quiet)).stages[0]).toEqual({
      name: 'a',
      state: 'fresh',
      reasons: [],
      unchecked: [url],
    });
    expect(requests).toEqual([]);
    expect(await action(workspace)).toBe('fresh');
    version = '"2"';
    const { stages } = await workspace.repro({ dryRun: true });
    expect(stages[0]!.reasons).toEqual([
      { kind: 'dep-changed', subject: url, old: 'etag "1"', new: 'etag "2"' },
    ]);
  });

  it('that cannot be asked stops everything before it begins, unless the stage is frozen', async () => {
    const text = `  a: {run: 'echo a >> ran.log', deps: ['${url}']}\n  b: {run: 'echo b >> ran.log'}\n`;
    const workspace = workspaceOf(text);
    status = 404;
    await expect(workspace.repro()).rejects.toMatchObject({
      code: 'url-missing',
      exitCode: 2,
      location: { line: 2 },
    });
    [status, version] = [200, undefined];
    await expect(workspace.repro()).rejects.toMatchObject({ code: 'url-without-version' });
    const closed = createServer();
    await new Promise<void>((resolve) => void closed.listen(0, '127.0.0.1', resolve));
    const nobody = `http://127.0.0.1:${(closed.address() as AddressInfo).port}/labels.csv`;
    await new Promise((resolve) => closed.close(resolve));
    workspace.write('pipeline.yaml', `stages:\n${text.replace(url, nobody)}`);
    await expect(workspace.repro()).rejects.toMatchObject({
      code: 'url-unreachable',
      exitCode: 1,
      message: `stage 'a' depends on something elsewhere: ${nobody} cannot be asked for: ECONNREFUSED`,
    });
    expect(workspace.ran()).toEqual([]);
    workspace.write(
      'pipeline.yaml',
      `stages:\n${text.replace(url, nobody).replace('{run', '{frozen: true, run')}`,
    );
    expect(await workspace.actions()).toEqual({ actions: { a: 'frozen', b: 'ran' }, ran: ['b'] });
  });
});
