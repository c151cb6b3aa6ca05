import { existsSync } from 'node:fs';
import { fromRepoPath, isWithin, type RepoPath } from '../../base/paths.js';
import { isRestUnknown } from '../../tracking/unknown-rest.js';
import type { PathStatus, Snapshot } from '../../tracking/workspace-files.js';
import { OutputIndex } from '../definition/graph/graph.js';
import type { PipelineHost } from '../host.js';
import {
  dependencyKey,
  partOfWritten,
  touches,
  writtenDependency,
} from '../definition/dependencies/dependency-part.js';
import { compareText, type ParamsFiles, type ParamValue } from '../definition/stage/params.js';
import { absentContent } from './absent-content.js';
import { CommitMarks } from '../records/commit-marks.js';
import type { RunningMarks } from '../records/running-mark.js';
import { sortedByPath } from '../records/lock-file.js';
import type { LockedDependency } from '../records/signature.js';
import { partContent } from './dependency-content.js';
import { SeenParts } from './seen-parts.js';
import { SeenUrls } from './seen-urls.js';
import type { DependencyNow, OutputNow, StageNow, UrlNow } from './staleness.js';
import { variablesNow } from './variables.js';
import type { Dependency, Output, Pipeline, Stage } from '../definition/stage/stage.js';

/** What a path will hold once a step that was only planned has been done. `undefined`: not known before it runs. */
export interface Expected {
  readonly path: RepoPath;
  readonly snapshot: Snapshot | undefined;
  /** The stage that it comes from; undefined for tracked data. */
  readonly from?: string;
}

/** What was seen at a path. */
interface Look {
  readonly snapshot: Promise<Snapshot | undefined>;
  /** How many commands of stages had ended when the look began. */
  readonly ended: number;
}

/** Looks at the files of the stages, each path once until `changed` says that it is another now. */
export class Observer {
  private readonly host: PipelineHost;
  private readonly pipeline: Pipeline;
  private readonly params: ParamsFiles;
  private readonly marks: RunningMarks;
  private readonly commits: CommitMarks;
  private readonly outputs: OutputIndex;
  private readonly seen = new Map<RepoPath, Look>();
  private readonly states = new Map<RepoPath, PathStatus>();
  /** How many commands of stages have ended so far. */
  private ended = 0;
  private readonly seenOutputs = new Map<RepoPath, Promise<OutputNow>>();
  private readonly expectedOutputs = new Map<RepoPath, Expected>();
  private readonly expectedData: Expected[] = [];
  private readonly parts: SeenParts;
  private readonly urls: SeenUrls;
  private readonly allowMissing: boolean;

  /** `allowMissing`: what is not here counts as what its pointer names. */
  constructor(parts: {
    host: PipelineHost;
    pipeline: Pipeline;
    params: ParamsFiles;
    marks: RunningMarks;
    allowMissing: boolean;
  }) {
    this.host = parts.host;
    this.pipeline = parts.pipeline;
    this.params = parts.params;
    this.marks = parts.marks;
    this.allowMissing = parts.allowMissing;
    this.commits = new CommitMarks(parts.host);
    this.outputs = new OutputIndex(parts.pipeline.stages.values());
    this.parts = new SeenParts(parts.host);
    this.urls = new SeenUrls(parts.host, parts.pipeline);
  }

  /** The stage as it stands. Changes nothing. Throws what a parameter or a broken pointer is refused with. */
  async stage(stage: Stage): Promise<StageNow> {
    const [deps, outs] = await Promise.all([
      Promise.all(inOrder(stage.deps).map((dep) => this.dependency(stage, dep))),
      this.outputsOf(stage),
    ]);
    const unmade = this.unmadeParams(stage);
    const awaited = new Set(unmade.map(({ path }) => path));
    return {
      name: stage.name,
      run: stage.run,
      wdir: stage.wdir,
      deps: [...deps, ...unmade],
      ...(stage.urls.length > 0 && { urls: await this.urlsOf(stage) }),
      ...(stage.env.length > 0 && { env: variablesNow(stage) }),
      params: this.paramsOf({ ...stage, params: stage.params.filter(({ file }) => !awaited.has(file)) }),
      outs,
      interrupted: this.marks.has(stage.name),
    };
  }

  /** True if there is anything of a dependency. */
  async holds(stage: Stage, { path, part }: Dependency): Promise<boolean> {
    const there = part ? this.parts.content(stage, { path, part }, this.ended) : this.read(path);
    return (await there) !== undefined;
  }

  /** What stands elsewhere; each is asked once. Throws where that cannot be told. */
  urlsOf(stage: Stage): Promise<readonly UrlNow[]> {
    return this.urls.now(stage);
  }

  /** The values of the parameters that a stage uses. */
  paramsOf(stage: Stage): readonly ParamValue[] {
    return this.params.valuesOf(stage, this.pipeline);
  }

  /** What stands at the outputs of a stage, sorted by path. */
  async outputsOf(stage: Stage): Promise<OutputNow[]> {
    const outs = await Promise.all(
      sortedByPath(stage.outs).map((out) => {
        const known = this.seenOutputs.get(out.path) ?? this.output(out);
        this.seenOutputs.set(out.path, known);
        return known;
      }),
    );
    const isLeftover = this.marks.leftovers(stage.name);
    const isCommitting = this.commits.begun(stage.name);
    return outs.map((out) => {
      const at = [out.output.path, out.there] as const;
      return { ...out, leftover: isLeftover(...at), committing: isCommitting(...at) };
    });
  }

  /** What a dependency holds now, looked at afresh; the listing of a directory is kept, for `why` to compare with. */
  look(stage: Stage, dep: LockedDependency): Promise<Snapshot | undefined> {
    const { path, part } = partOfWritten(dep);
    this.changed([path]);
    if (part) return partContent(this.host, stage, { path, part }, { list: true });
    return dep.kind === 'file' ? this.read(path) : this.note(path, this.host.files.list(path, this.host));
  }

  /** Takes over what somebody else has just seen. */
  know(states: ReadonlyMap<RepoPath, PathStatus>): void {
    for (const [path, status] of states) this.states.set(path, status);
  }

  /** What is tracked at a path. */
  async tracked(path: RepoPath): Promise<PathStatus> {
    const status = await this.state(path);
    const { there, linked, parts } = status;
    if (!linked && !parts) void this.note(path, Promise.resolve(there));
    return status;
  }

  /** Call when the commands of a stage have ended: they may have changed anything. */
  commandsEnded(): void {
    this.ended += 1;
  }

  /**
   * Forgets what was seen of these dependencies before some stage ended. What somebody else changes meanwhile is noticed when the
   * result of the stage that reads it is recorded.
   */
  forgetOutdated(deps: readonly Dependency[]): void {
    for (const { path, part } of deps) {
      if (part) this.parts.forgetOutdated(path, this.ended);
      else if (this.seen.get(path)?.ended !== this.ended) this.changed([path]);
    }
  }

  /** Forgets what was seen at, above and below these paths. */
  changed(paths: readonly RepoPath[]): void {
    for (const map of [this.seen, this.seenOutputs, this.states]) {
      for (const known of [...map.keys()]) {
        if (paths.some((path) => isWithin(known, path) || isWithin(path, known))) map.delete(known);
      }
    }
    this.parts.changed(paths);
  }

  /** From now on, answers as if a planned step had been done. */
  expect(expected: Expected): void {
    if (this.outputs.makerOf(expected.path) === undefined) this.expectedData.push(expected);
    else this.expectedOutputs.set(expected.path, expected);
  }

  /** What a stage reads at a path: through links as far as they stay in the workspace. */
  private read(path: RepoPath): Promise<Snapshot | undefined> {
    const { files, events, signal } = this.host;
    const known = this.seen.get(path)?.snapshot;
    return known ?? this.note(path, files.snapshot(path, { events, signal, throughLinks: true }));
  }

  private async readOrAbsent(path: RepoPath): Promise<Snapshot | undefined> {
    return (await this.read(path)) ?? (this.allowMissing ? absentContent(this.host, path) : undefined);
  }

  private async state(path: RepoPath): Promise<PathStatus> {
    return this.states.get(path) ?? this.host.files.state(path, this.host);
  }

  private note(path: RepoPath, snapshot: Look['snapshot']): Look['snapshot'] {
    this.seen.set(path, { snapshot, ended: this.ended });
    return snapshot;
  }

  private async dependency(stage: Stage, dep: Dependency): Promise<DependencyNow> {
    const { path, part } = dep;
    const written = writtenDependency(dep);
    const planned = part ? this.plannedPart(stage, dep) : this.planned(path);
    if (planned) return planned;
    const snapshot = await (part
      ? this.parts.content(stage, { path, part }, this.ended)
      : this.readOrAbsent(path));
    if (snapshot) return { ...written, state: 'known', snapshot };
    const makers = this.outputs.overlapping(path).filter((out) => touches(dep, out.path));
    const maker = makers.find((out) => !part || out.stage !== stage.name)?.stage;
    return { ...written, state: 'missing', ...(maker !== undefined && { maker }) };
  }

  /** A part of what a planned step will put there is known when it has. */
  private plannedPart(stage: Stage, dep: Dependency): DependencyNow | undefined {
    const touching = this.expectedAt(dep.path).filter(({ path }) => touches(dep, path));
    const first = touching.find(({ from }) => from !== stage.name);
    return first && { ...pending(dep.path, first), ...writtenDependency(dep) };
  }

  /** Files of parameters that still have to be made, or put there. */
  private unmadeParams(stage: Stage): DependencyNow[] {
    const files = [...new Set(stage.params.map(({ file }) => file))];
    return files.flatMap((path): DependencyNow[] => {
      const [expected] = this.expectedAt(path);
      if (expected) return [pending(path, expected)];
      const maker = this.outputs.overlapping(path)[0]?.stage;
      if (maker === undefined || existsSync(fromRepoPath(this.host.root, path))) return [];
      return [{ path, state: 'missing', maker }];
    });
  }

  private planned(path: RepoPath): DependencyNow | undefined {
    const touching = this.expectedAt(path);
    if (touching.length === 0) return undefined;
    const unknown = touching.find((each) => !each.snapshot || !isWithin(path, each.path));
    if (unknown) return pending(path, unknown);
    const holder = touching[0]!;
    if (!holder.snapshot) return undefined;
    if (holder.path === path) return { path, state: 'known', snapshot: holder.snapshot };
    const inside = this.host.within(holder.snapshot, path.slice(holder.path.length + 1));
    return inside ? { path, state: 'known', snapshot: inside } : pending(path, holder);
  }

  private expectedAt(path: RepoPath): Expected[] {
    const data = this.expectedData.filter((each) => isWithin(path, each.path) || isWithin(each.path, path));
    if (this.expectedOutputs.size === 0) return data;
    const outputs = this.outputs.overlapping(path).map((out) => this.expectedOutputs.get(out.path));
    return [...data, ...outputs.filter((each) => each !== undefined)];
  }

  private async output(output: Output): Promise<OutputNow> {
    return output.cache ? this.cachedOutput(output) : this.outputInGit(output);
  }

  private async cachedOutput(output: Output): Promise<OutputNow> {
    const { files } = this.host;
    const status = await this.state(output.path);
    const { state, pointer, lastPut, begun, parts } = status;
    // An output of which only parts are there is not what the stage made: what is there is what others would read.
    const there = parts ? await files.snapshot(output.path, this.host) : status.there;
    return {
      output,
      state,
      partly: parts !== undefined,
      begun: begun !== undefined,
      restUnknown: () => isRestUnknown(status, files),
      stored: () => there !== undefined && files.inStore(there),
      ...(!there && this.allowMissing && { mayBeAbsent: true }),
      ...(there && { there }),
      ...(pointer && { pointer }),
      ...(lastPut && { lastPut }),
    };
  }

  private async outputInGit(output: Output): Promise<OutputNow> {
    const { files } = this.host;
    const there = await files.snapshot(output.path, this.host);
    const pointer = files.pointer(output.path);
    return {
      output,
      stored: () => there !== undefined && files.inStore(there),
      ...(there && { there }),
      ...(pointer && { pointer }),
    };
  }
}

function inOrder(deps: readonly Dependency[]): Dependency[] {
  const keys = new Map(deps.map((dep) => [dep, dependencyKey(writtenDependency(dep))]));
  return [...deps].sort((a, b) => compareText(keys.get(a)!, keys.get(b)!));
}

function pending(path: RepoPath, { from }: Expected): DependencyNow {
  return { path, state: 'pending', ...(from !== undefined && { stage: from }) };
}
