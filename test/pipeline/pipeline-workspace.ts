import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Call } from '../../src/base/call.js';
import type { OcrpipeEvent } from '../../src/base/events.js';
import type { AbsPath, RepoPath } from '../../src/base/paths.js';
import { makeWorkspace } from '../../src/actions/init.js';
import type { PipelineHost } from '../../src/pipeline/host.js';
import type { ReproRequest, ReproResult, StageReport } from '../../src/pipeline/run/repro-report.js';
import { repro } from '../../src/pipeline/run/repro.js';
import { pipelineHost } from '../../src/project/pipeline-host.js';
import { Workspace } from '../../src/project/workspace.js';
import { git, gitCommitAll, gitRepository } from '../rig/git-repository.js';

/** A git work tree with a store, and what tests of the pipeline do in it, in this process. */
export class PipelineWorkspace {
  readonly root: AbsPath;
  readonly events: OcrpipeEvent[] = [];

  /** A new one, or the one that is at `root`. `whenDone`: what removes a new one, where that is not the end of a test. */
  constructor(root?: AbsPath, whenDone?: Parameters<typeof gitRepository>[0]) {
    this.root = root ?? gitRepository(whenDone);
    if (root !== undefined) return;
    makeWorkspace({ git: true }, this.call());
    this.write('.gitignore', 'ran.log\n');
  }

  /** What a command hands to an action. */
  call(signal: AbortSignal = new AbortController().signal): Call {
    return { cwd: this.root, events: (event) => void this.events.push(event), signal };
  }

  /** As a new process would have it. */
  host(signal?: AbortSignal): PipelineHost {
    return this.hostOf(Workspace.open(this.call(signal), 'test'));
  }

  /** What an open workspace does for a pipeline: subclasses add to it. */
  protected hostOf(workspace: Workspace): PipelineHost {
    return pipelineHost(workspace);
  }

  repro(request: Partial<ReproRequest> = {}, signal?: AbortSignal): Promise<ReproResult> {
    const workspace = Workspace.open(this.call(signal), 'test');
    const done = repro(this.hostOf(workspace), {
      targets: [],
      cwd: this.root,
      reach: 'upstream',
      force: false,
      dryRun: false,
      jobs: 4,
      keepGoing: false,
      failFast: false,
      runCache: true,
      commit: true,
      ...request,
    });
    return done.finally(() => {
      workspace.close();
    });
  }

  /** What repro did with each stage, and which commands really ran. */
  async actions(
    request: Partial<ReproRequest> = {},
  ): Promise<{ actions: Record<string, string>; ran: string[] }> {
    const { stages } = await this.repro(request);
    return { actions: byName(stages, (stage) => stage.action), ran: this.ran() };
  }

  /** The stages that noted in ran.log that they ran, since this was last asked. */
  ran(): string[] {
    const lines = this.has('ran.log') ? this.read('ran.log').trim().split('\n') : [];
    this.remove('ran.log');
    return lines;
  }

  /** Stores what is at a path and points to it, as `add` does. */
  async add(path: string): Promise<void> {
    const workspace = Workspace.open(this.call(), 'test');
    const { files } = workspace;
    const snapshot = await files.store(path as RepoPath);
    if (!snapshot) throw new Error(`${path} is not there`);
    await files.writePointer(path as RepoPath, snapshot);
    workspace.close();
  }

  path(name: string): AbsPath {
    return join(this.root, name) as AbsPath;
  }

  write(name: string, content: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true, force: true });
  }

  git(...args: readonly string[]): string {
    return git(this.root, ...args);
  }

  commit(message: string): string {
    return gitCommitAll(this.root, message);
  }
}

export function byName<T>(stages: readonly StageReport[], of: (stage: StageReport) => T): Record<string, T> {
  return Object.fromEntries(stages.map((stage) => [stage.name, of(stage)]));
}

/** Three stages in a row and one beside them; each notes in ran.log that it ran. */
export const PIPELINE = `stages:
  prepare:
    run: cat data/raw/* > prepared.txt && echo prepare >> ran.log
    deps: [data/raw]
    outs: [prepared.txt]
  train:
    run: mkdir -p models/m && sh train.sh > models/m/weights && echo train >> ran.log
    deps: [prepared.txt, train.sh]
    params: [train]
    outs: [models/m]
  evaluate:
    run: mkdir -p reports && wc -c < models/m/weights | sed 's/.*/{"bytes":&}/' > reports/test.json && echo evaluate >> ran.log
    deps: [models/m]
    metrics: [reports/test.json]
  lint:
    run: echo lint >> ran.log
    deps: [train.sh]
`;

/** That pipeline with data tracked, nothing run. */
export async function newPipeline(
  text: string = PIPELINE,
  whenDone?: Parameters<typeof gitRepository>[0],
): Promise<PipelineWorkspace> {
  const workspace = new PipelineWorkspace(undefined, whenDone);
  workspace.write('data/raw/a.txt', 'a\n');
  workspace.write('data/raw/b.txt', 'b\n');
  workspace.write('train.sh', 'cat prepared.txt; grep epochs params.yaml\n');
  workspace.write('params.yaml', 'train: {epochs: 3}\nother: 1\n');
  workspace.write('pipeline.yaml', text);
  await workspace.add('data/raw');
  return workspace;
}
