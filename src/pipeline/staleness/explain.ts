import type { RepoPath } from '../../base/paths.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import {
  dependencyKey,
  dependencyName,
  partOfWritten,
  writtenDependency,
} from '../definition/dependencies/dependency-part.js';
import { OutputIndex } from '../definition/graph/graph.js';
import type { Stage } from '../definition/stage/stage.js';
import type { FileChange, PipelineHost } from '../host.js';
import type { LockFile } from '../records/lock-file.js';
import type { LockedDependency, LockedPath } from '../records/signature.js';
import type { Reason, ReasonKind } from './reason.js';
import { wordChanges, type WordChange } from './word-changes.js';

/** A reason with what it comes down to. */
export type ExplainedReason = Reason & {
  /** The stage whose output it is about, where another stage makes it. */
  readonly from?: string;
  /** Of a changed directory: which files changed. */
  readonly files?: readonly FileChange[];
  /** Of a changed directory: the listing of the recorded run is not in the store, so nobody knows which files changed. */
  readonly filesUnknown?: true;
  /** Of a changed command: which words. */
  readonly words?: readonly WordChange[];
};

const OF_OUTPUTS: ReadonlySet<ReasonKind> = new Set<ReasonKind>(['output-changed', 'output-moved']);

/** What is needed to say what reasons come down to. */
export interface ExplainerParts {
  readonly host: Pick<PipelineHost, 'changes' | 'files' | 'events' | 'signal'>;
  readonly lock: LockFile;
  readonly stages: ReadonlyMap<string, Stage>;
  /** What a part of a dependency holds now; its listing is kept in the store. */
  readonly look: (stage: Stage, dep: LockedDependency) => Promise<Snapshot | undefined>;
}

/** Says what reasons come down to, for one look at a workspace: each directory is walked once. */
export class Explainer {
  private readonly parts: ExplainerParts;
  private readonly outputs: OutputIndex;
  private readonly walked = new Map<string, Promise<readonly FileChange[] | undefined>>();

  constructor(parts: ExplainerParts) {
    this.parts = parts;
    this.outputs = new OutputIndex(parts.stages.values());
  }

  explain(stage: string, reasons: readonly Reason[]): Promise<ExplainedReason[]> {
    return Promise.all(reasons.map((reason) => this.one(this.parts.stages.get(stage)!, reason)));
  }

  private async one(stage: Stage, reason: Reason): Promise<ExplainedReason> {
    if (reason.kind === 'command-changed') {
      return { ...reason, words: wordChanges(reason.old, reason.new) };
    }
    const path = this.pathOf(stage, reason);
    const makers = path === undefined ? [] : this.outputs.overlapping(path);
    const from = makers.find((out) => out.stage !== stage.name)?.stage;
    const explained = { ...reason, ...(from !== undefined && { from }) };
    const before = this.recorded(stage, reason);
    if (before?.kind !== 'directory' || typeof reason.new !== 'string') return explained;
    const files = await this.changedFiles(stage, before, { ...reason, new: reason.new });
    return files ? { ...explained, files } : { ...explained, filesUnknown: true };
  }

  /** The path that a reason about an input is about. */
  private pathOf(stage: Stage, { kind, subject }: Reason): RepoPath | undefined {
    if (kind === 'param-changed') return subject.slice(0, subject.indexOf(':')) as RepoPath;
    if (!kind.startsWith('dep-')) return undefined;
    const declared = stage.deps.find((dep) => dependencyName(writtenDependency(dep)) === subject);
    const locked = this.parts.lock.get(stage.name)?.deps.find((dep) => dependencyName(dep) === subject);
    return declared?.path ?? (locked && partOfWritten(locked).path);
  }

  /** What the lock says that the path of a reason held. */
  private recorded({ name }: Stage, { kind, subject }: Reason): LockedDependency | undefined {
    const entry = this.parts.lock.get(name);
    if (kind === 'dep-changed') return entry?.deps.find((dep) => dependencyName(dep) === subject);
    return OF_OUTPUTS.has(kind) ? entry?.outs.find(({ path }) => path === subject) : undefined;
  }

  private changedFiles(
    stage: Stage,
    before: LockedDependency,
    reason: Reason & { new: string },
  ): Promise<readonly FileChange[] | undefined> {
    const isInput = reason.kind === 'dep-changed';
    const key = [isInput, dependencyKey(before), before.id, reason.new].join(' ');
    const known = this.walked.get(key) ?? this.compare(stage, before, { id: reason.new, isInput });
    this.walked.set(key, known);
    return known;
  }

  private async compare(
    stage: Stage,
    dep: LockedDependency,
    now: { id: string; isInput: boolean },
  ): Promise<readonly FileChange[] | undefined> {
    const { host, look } = this.parts;
    const before = snapshotOf(dep);
    // What an earlier stage made, or is going to get back, is in the store.
    const stored = host.changes(before, { ...before, id: now.id as Snapshot['id'] });
    if (stored) return stored;
    if (isPart(dep)) {
      const after = await look(stage, dep);
      return after?.id === now.id ? host.changes(before, after) : undefined;
    }
    const { files, events, signal } = host;
    const after = await files.tree(dep.path, { events, signal, throughLinks: now.isInput });
    if (!after || after.snapshot.id !== now.id) return undefined;
    return host.changes(before, after.snapshot, after.reader);
  }
}

function isPart({ glob, lines, git }: LockedDependency): boolean {
  return glob === true || lines !== undefined || git === true;
}

/** Of a path with what it held, what it held. */
export function snapshotOf({ id, kind, size, files, executable }: LockedPath): Snapshot {
  return {
    ...{ id, kind, size },
    ...(files !== undefined && { files }),
    ...(executable !== undefined && { executable }),
  };
}
