import { join } from 'node:path';
import { expect } from 'vitest';
import { runProcess } from '../../rig/ocrpipe.js';
import { TestWorkspace } from '../../rig/workspace.js';

const PIPELINE = `stages:
  shout:
    run: mkdir -p out && tr a-z A-Z < data/raw/words.txt > out/loud.txt
    deps: [data/raw]
    params: [n]
    outs: [out]
`;

/**
 * A workspace with a history that others need: `main` has been run with two parameters, the branch `wide` and the tag `v0` name data that
 * `main` does not, and so does an experiment.
 */
export async function writeHistory(a: TestWorkspace): Promise<void> {
  a.write('data/raw/words.txt', 'one\n');
  a.write('pipeline.yaml', PIPELINE);
  a.write('params.yaml', 'n: 1\n');
  await a.ocrpipe('add', 'data/raw');
  await a.ocrpipe('repro');
  await a.commit('first');
  await a.git('tag', '-a', 'v0', '-m', 'the first');
  await a.git('checkout', '--quiet', '-b', 'wide');
  a.write('data/raw/words.txt', 'wide\n');
  await a.ocrpipe('repro');
  await a.commit('wide');
  await a.git('checkout', '--quiet', 'main');
  await a.ocrpipe('checkout');
  a.write('data/raw/words.txt', 'tried\n');
  a.write('params.yaml', 'n: 7\n');
  await a.ocrpipe('repro');
  await a.commit('an experiment');
  await a.git('update-ref', 'refs/ocrpipe/exp/tried', 'HEAD');
  await a.git('reset', '--quiet', '--hard', 'HEAD~1');
  await a.ocrpipe('checkout');
  a.write('data/raw/words.txt', 'two\n');
  a.write('params.yaml', 'n: 2\n');
  await a.ocrpipe('repro');
  await a.commit('second');
}

/** Another machine: a clone with all refs that git has of it. */
export async function cloneOf(a: TestWorkspace, root: string, ...args: string[]): Promise<TestWorkspace> {
  const b = new TestWorkspace(root, { ...a.env, XDG_CACHE_HOME: join(root, '..', 'cache') });
  const clone = ['clone', '--quiet', ...args, `file://${a.root}`, root];
  const result = await runProcess('git', clone, { cwd: '/', env: b.env });
  expect(result.stderr).toBe('');
  await b.git('fetch', '--quiet', 'origin', 'refs/ocrpipe/exp/*:refs/ocrpipe/exp/*');
  return b;
}

interface Stages {
  stages: { name: string; action: string }[];
}

/** What `repro` does with the one stage. */
export async function reproduced(b: TestWorkspace): Promise<string> {
  return (await b.json<Stages>('repro')).stages[0]!.action;
}

/** Goes to a commit without a remote at hand: only what was fetched can come. */
export async function goTo(b: TestWorkspace, revision: string): Promise<string> {
  await b.git('checkout', '--quiet', '--detach', revision);
  await b.ocrpipe('checkout');
  return b.read('data/raw/words.txt').trim();
}
