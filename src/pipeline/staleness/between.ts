import { isWithin, type RepoPath } from '../../base/paths.js';
import { suggest } from '../../base/nearest.js';
import { userError } from '../../base/errors.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import {
  dependencyName,
  lockedPart,
  partOfWritten,
  readBy,
} from '../definition/dependencies/dependency-part.js';
import { OutputIndex } from '../definition/graph/graph.js';
import { StageNames } from '../definition/stage/stage-names.js';
import type { FileChange, PipelineHost } from '../host.js';
import type { LockEntry, LockFile } from '../records/lock-file.js';
import { sameContent, type LockedDependency, type LockedPath } from '../records/signature.js';
import { snapshotOf, type ExplainedReason } from './explain.js';
import type { Reason } from './reason.js';
import { inputReasons, type StageNow } from './staleness.js';
import { wordChanges } from './word-changes.js';
import { writtenReasons, type WrittenStage } from './written-between.js';

/** What git holds of a pipeline's results in one commit. */
export interface Recorded {
  /** As it was typed: 'v1', 'HEAD~2'. */
  readonly name: string;
  readonly lock: LockFile;
  /** What the pointers name. */
  readonly pointers: ReadonlyMap<RepoPath, Snapshot>;
  /** The stages of pipeline.yaml; undefined where it cannot be read. */
  readonly written?: ReadonlyMap<string, WrittenStage> | undefined;
}

/** An output that two commits name differently. */
export interface ChangedResult {
  readonly path: RepoPath;
  readonly old?: string;
  readonly new?: string;
  /** Of a directory, if the store has the listings of both. */
  readonly files?: readonly FileChange[];
}

/** Pointers of a commit that its pipeline.lock knows nothing of: the stage was not run with them. */
export interface Outdated {
  /** The commit, as it was typed. */
  readonly commit: string;
  readonly paths: readonly RepoPath[];
}

/** How the recorded run of a stage in one commit differs from that in another. */
export interface StageBetween {
  readonly name: string;
  /** What it ran with. Empty: the same. */
  readonly reasons: readonly ExplainedReason[];
  /** What it made. */
  readonly results: readonly ChangedResult[];
  /** The inputs are the same and the results are not: the stage is not deterministic. */
  readonly deterministic?: false;
  /** Which of the commits have a result of it. */
  readonly recorded: { readonly from: boolean; readonly to: boolean };
  /** What pipeline.yaml and the files of parameters say otherwise, as far as no recorded run shows it. */
  readonly written: readonly ExplainedReason[];
  readonly outdated: readonly Outdated[];
}

export interface Between {
  readonly from: string;
  readonly to: string;
  /** The stages that were asked for, each followed by those before it that differ. */
  readonly stages: readonly StageBetween[];
}

/**
 * Why a stage has other results in one commit than in another: from their locks, pointers and pipeline files, nothing is checked out.
 * `target`: a stage or the path of an output. Throws `unknown-stage` if neither commit knows it.
 */
export function explainBetween(
  host: Pick<PipelineHost, 'changes'>,
  sides: { from: Recorded; to: Recorded },
  target: string,
): Between {
  const { from, to } = sides;
  const both = { from: indexed(from), to: indexed(to) };
  const asked = stagesOf(sides, target);
  const others = upstreamOf(both, asked);
  const explained = [...asked, ...others].map((name) => explainOne(host, both, name));
  return {
    from: from.name,
    to: to.name,
    stages: explained.filter((each) => asked.includes(each.name) || differs(each)),
  };
}

function differs({ reasons, results, outdated, written }: StageBetween): boolean {
  return reasons.length + results.length + outdated.length + written.length > 0;
}

/** The stages that either commit has recorded or written. */
export function stageNamesIn({ from, to }: { from: Recorded; to: Recorded }): StageNames {
  const names = [from, to].flatMap(({ lock, written }) => [...lock.keys(), ...(written?.keys() ?? [])]);
  return new StageNames([...new Set(names)]);
}

function stagesOf({ from, to }: { from: Recorded; to: Recorded }, target: string): readonly string[] {
  const names = stageNamesIn({ from, to });
  const named = names.named(target);
  if (named) return named;
  const path = target.replace(/\/+$/, '') as RepoPath;
  const outputs = [from, to].flatMap(({ lock, written = new Map<string, WrittenStage>() }) => [
    ...[...lock].map(([name, { outs }]) => [name, { outs }] as const),
    ...[...written].map(([name, { stage }]) => [name, stage] as const),
  ]);
  const makers = outputs
    .filter(([, { outs }]) => outs.some((out) => isWithin(path, out.path) || isWithin(out.path, path)))
    .map(([name]) => name);
  if (makers.length > 0) return [...new Set(makers)];
  throw userError(
    'unknown-stage',
    `there is no stage and no output '${target}', neither in ${from.name} nor in ${to.name}`,
    { hint: suggest(target, names.nameable) },
  );
}

/** The stages that made, or are to make, what these read, in either commit, nearest first. */
function upstreamOf({ from, to }: Sides, asked: readonly string[]): string[] {
  const found = new Set(asked);
  for (const name of found) {
    for (const side of [from, to]) {
      const recorded = side.lock.get(name)?.deps.map(partOfWritten) ?? [];
      const stage = side.written?.get(name)?.stage;
      for (const { path } of [...recorded, ...(stage ? readBy(stage) : [])]) {
        const maker = side.outputs.overlapping(path)[0]?.stage;
        if (maker !== undefined) found.add(maker);
      }
    }
  }
  return [...found].filter((name) => !asked.includes(name));
}

function makerIn({ outputs }: Side, dep: LockedDependency): string | undefined {
  return outputs.overlapping(partOfWritten(dep).path)[0]?.stage;
}

/** A commit with an index of what its stages made. */
interface Side extends Recorded {
  readonly outputs: OutputIndex;
}

interface Sides {
  readonly from: Side;
  readonly to: Side;
}

function indexed(recorded: Recorded): Side {
  const written = [...(recorded.written?.values() ?? [])].map(({ stage }) => stage);
  const locked = [...recorded.lock].map(([name, { outs }]) => ({ name, outs }));
  const stages = [...written, ...locked];
  return { ...recorded, outputs: new OutputIndex(stages) };
}

function explainOne(host: Pick<PipelineHost, 'changes'>, { from, to }: Sides, name: string): StageBetween {
  const [before, after] = [from.lock.get(name), to.lock.get(name)];
  const both = before !== undefined && after !== undefined;
  const reasons = both ? inputReasons(stageOf(name, after), before) : [];
  const results = both ? changedResults(host, before, after) : [];
  return {
    name,
    reasons: reasons.map((reason) => explained(host, reason, { name, from, to })),
    results,
    ...(both && reasons.length === 0 && results.length > 0 && { deterministic: false }),
    recorded: { from: before !== undefined, to: after !== undefined },
    written: notRecorded({ from, to }, name, reasons),
    outdated: [outdated(from, before), outdated(to, after)].flat(),
  };
}

/** What is written otherwise, without what the recorded runs differ in anyway. */
function notRecorded({ from, to }: Sides, name: string, recorded: readonly Reason[]): ExplainedReason[] {
  const [before, after] = [from.written?.get(name), to.written?.get(name)];
  if (before === undefined || after === undefined) return [];
  return writtenReasons(before, after).filter(
    ({ kind, subject }) => !recorded.some((known) => known.kind === kind && known.subject === subject),
  );
}

/** A recorded run as if it stood in the workspace. */
function stageOf(name: string, entry: LockEntry): StageNow {
  return {
    name,
    run: entry.run,
    wdir: entry.wdir,
    deps: entry.deps.map((dep) => ({
      ...{ path: dep.path, ...lockedPart(dep) },
      ...{ state: 'known', snapshot: snapshotOf(dep) },
    })),
    ...(entry.urls && { urls: entry.urls }),
    ...(entry.env && { env: entry.env }),
    params: entry.params,
    outs: entry.outs.map(({ path, persist = false }) => ({
      output: { path, kind: 'out', cache: true, persist, at: [] },
      stored: () => false,
    })),
    interrupted: false,
  };
}

function explained(
  host: Pick<PipelineHost, 'changes'>,
  reason: Reason,
  { name, from, to }: Sides & { name: string },
): ExplainedReason {
  if (reason.kind === 'command-changed') return { ...reason, words: wordChanges(reason.old, reason.new) };
  if (!reason.kind.startsWith('dep-')) return reason;
  const of = ({ lock }: Recorded): LockedDependency | undefined =>
    lock.get(name)?.deps.find((dep) => dependencyName(dep) === reason.subject);
  const [before, after] = [of(from), of(to)];
  const maker = (after && makerIn(to, after)) ?? (before && makerIn(from, before));
  const files = changedFiles(host, before, after);
  return {
    ...reason,
    ...(maker !== undefined && { from: maker }),
    ...(files === 'unknown' ? { filesUnknown: true } : files && { files }),
  };
}

/** Undefined where not both are directories. */
function changedFiles(
  host: Pick<PipelineHost, 'changes'>,
  before: LockedPath | undefined,
  after: LockedPath | undefined,
): readonly FileChange[] | 'unknown' | undefined {
  if (before?.kind !== 'directory' || after?.kind !== 'directory') return undefined;
  return host.changes(before, after) ?? 'unknown';
}

function changedResults(
  host: Pick<PipelineHost, 'changes'>,
  before: LockEntry,
  after: LockEntry,
): ChangedResult[] {
  const [old, now] = [before, after].map(({ outs }) => new Map(outs.map((out) => [out.path, out])));
  const paths = [...new Set([...old!.keys(), ...now!.keys()])].sort();
  return paths
    .filter((path) => !sameContent(old!.get(path), now!.get(path)))
    .map((path): ChangedResult => {
      const [left, right] = [old!.get(path), now!.get(path)];
      const files = changedFiles(host, left, right);
      return {
        path,
        ...(left && { old: left.id }),
        ...(right && { new: right.id }),
        ...(files !== undefined && files !== 'unknown' && { files }),
      };
    });
}

/** Pointers that name something else than the run of the lock read or made. */
function outdated({ name, pointers }: Recorded, entry: LockEntry | undefined): Outdated[] {
  const named = [...(entry?.deps ?? []), ...(entry?.outs ?? [])];
  const paths = named
    .filter((locked) => pointers.has(locked.path) && !sameContent(pointers.get(locked.path), locked))
    .map(({ path }) => path);
  return paths.length === 0 ? [] : [{ commit: name, paths }];
}
