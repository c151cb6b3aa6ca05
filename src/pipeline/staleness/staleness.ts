import type { RepoPath } from '../../base/paths.js';
import type { PathState, Snapshot } from '../../tracking/workspace-files.js';
import { canonicalJson, type JsonValue } from '../../base/canonical-json.js';
import { flattenJson } from '../../base/flatten-json.js';
import { compareText, type ParamValue } from '../definition/stage/params.js';
import type { LockEntry } from '../records/lock-file.js';
import type { Reason } from './reason.js';
import {
  dependencyKey,
  dependencyName,
  isPart,
  type WrittenDependency,
} from '../definition/dependencies/dependency-part.js';
import {
  sameContent,
  type DeclaredOutput,
  type LockedDependency,
  type LockedVariable,
} from '../records/signature.js';
import { environmentReasons, urlReasons } from './outside-reasons.js';
import type { Output } from '../definition/stage/stage.js';

/**
 * What a dependency holds now, or will hold once data is put in place. `pending`: the stage before it decides that, or data is
 * put there first.
 */
export type DependencyNow = WrittenDependency &
  (
    | { readonly state: 'known'; readonly snapshot: Snapshot }
    /** `maker`: the stage that should have made it. */
    | { readonly state: 'missing'; readonly maker?: string }
    | { readonly state: 'pending'; readonly stage?: string }
  );

/** What stands elsewhere; without a version nothing elsewhere was to be asked. */
export interface UrlNow {
  readonly url: string;
  readonly version?: string;
}

/** What stands at an output's path. */
export interface OutputNow {
  readonly output: Output;
  readonly there?: Snapshot;
  /** Cached outputs only: what the pointer says, and what ocrpipe last put there on this machine. */
  readonly pointer?: Snapshot;
  readonly lastPut?: Snapshot;
  /** Cached outputs only: how the whole of it stands, see `PathStatus`. `there` is what others would read. */
  readonly state?: PathState;
  /** A directory of which only parts were put there. */
  readonly partly?: boolean;
  /** A checkout or pull of it did not end, or found not all bytes. */
  readonly begun?: boolean;
  /** True if nothing says which files of it were deleted and which never came; asked only where it decides. */
  readonly restUnknown?: () => boolean;
  /** True if all bytes of `there` are in the store; asked only where it decides. */
  readonly stored: () => boolean;
  /** Nothing is there, and that is as good as what the pointer names. */
  readonly mayBeAbsent?: boolean;
  /** True if a run of the stage that was not recorded left this: it is ocrpipe's to delete. */
  readonly leftover?: boolean;
  /** True if a commit that did not end was to record this: the pointer may name it, the lock does not. */
  readonly committing?: boolean;
}

/** A stage as it stands in the workspace. */
export interface StageNow {
  readonly name: string;
  readonly run: readonly string[];
  readonly wdir: RepoPath;
  readonly deps: readonly DependencyNow[];
  /** Absent: none. */
  readonly urls?: readonly UrlNow[];
  /** Absent: none. */
  readonly env?: readonly LockedVariable[];
  readonly params: readonly ParamValue[];
  readonly outs: readonly OutputNow[];
  /** A run or a restore of this stage began and was not recorded. */
  readonly interrupted: boolean;
}

/** Why the inputs are not those of the recorded run; empty if they are. Pure. */
export function inputReasons(now: StageNow, entry: LockEntry | undefined): Reason[] {
  const pending = now.deps.flatMap((dep): Reason[] =>
    dep.state === 'pending' && dep.stage !== undefined ? [{ kind: 'upstream', subject: dep.stage }] : [],
  );
  const missing = now.deps.flatMap((dep): Reason[] => (dep.state === 'missing' ? [missingReason(dep)] : []));
  if (!entry) return [{ kind: 'never-run', subject: now.name }, ...missing, ...unique(pending)];
  return [
    ...commandReasons(now, entry),
    ...depReasons(now.deps, entry.deps),
    ...urlReasons(now.urls ?? [], entry.urls ?? []),
    ...missing,
    ...environmentReasons(now.env ?? [], entry.env ?? []),
    ...paramReasons(now.params, readableParams(now, entry)),
    ...declaredReasons(now.outs, entry.outs),
    ...unique(pending),
  ];
}

function missingReason(dep: DependencyNow): Reason {
  const maker = dep.state === 'missing' ? dep.maker : undefined;
  const isEmpty = isPart(dep) && maker === undefined;
  return { kind: isEmpty ? 'dep-empty' : 'dep-missing', subject: dependencyName(dep) };
}

/** What a file of parameters says that a stage still has to make is not known. */
function readableParams(now: StageNow, entry: LockEntry): readonly ParamValue[] {
  const awaited = new Set(now.deps.filter(({ state }) => state !== 'known').map(({ path }) => path));
  return entry.params.filter(({ file }) => !awaited.has(file));
}

function unique(reasons: readonly Reason[]): Reason[] {
  return [...new Map(reasons.map((reason) => [reason.subject, reason])).values()];
}

function commandReasons(now: StageNow, entry: LockEntry): Reason[] {
  const reasons: Reason[] = [];
  const [old, current] = [entry.run.join('\n'), now.run.join('\n')];
  // Two lists may join to one text; the count tells them apart.
  if (old !== current || entry.run.length !== now.run.length) {
    reasons.push({ kind: 'command-changed', subject: now.name, old, new: current });
  }
  if (entry.wdir !== now.wdir) {
    reasons.push({ kind: 'wdir-changed', subject: now.name, old: entry.wdir, new: now.wdir });
  }
  return reasons;
}

function depReasons(now: readonly DependencyNow[], locked: readonly LockedDependency[]): Reason[] {
  const before = new Map(locked.map((dep) => [dependencyKey(dep), dep]));
  const changed = now.flatMap((dep): Reason[] => {
    const old = before.get(dependencyKey(dep));
    const subject = dependencyName(dep);
    if (dep.state === 'pending' && dep.stage === undefined) {
      return [{ kind: 'dep-changed', subject, ...(old && { old: old.id }) }];
    }
    if (dep.state !== 'known') return [];
    if (!old) return [{ kind: 'dep-added', subject, new: dep.snapshot.id }];
    if (sameContent(old, dep.snapshot)) return [];
    return [{ kind: 'dep-changed', subject, old: old.id, new: dep.snapshot.id }];
  });
  const declared = new Set(now.map(dependencyKey));
  const removed = locked
    .filter((dep) => !declared.has(dependencyKey(dep)))
    .map((dep): Reason => ({ kind: 'dep-removed', subject: dependencyName(dep), old: dep.id }));
  return [...changed, ...removed];
}

/** Values are compared as wholes; what differs is said leaf by leaf, where leaves tell it. */
function paramReasons(now: readonly ParamValue[], locked: readonly ParamValue[]): Reason[] {
  const [old, current] = [byName(locked), byName(now)];
  const changed = [...current].filter(
    ([name, param]) => old.has(name) && !sameValue(old.get(name)!.value, param.value),
  );
  const values = changed.flatMap(([name, param]) => {
    const before = old.get(name)!;
    const leaves = leafReasons([before], [param]);
    // `[1]` and `{0: 1}` have the same leaves.
    return leaves.length > 0 ? leaves : [paramChanged(name, before.value, param.value)];
  });
  const reasons = [...values, ...keyReasons(old, current)];
  return reasons.sort((a, b) => compareText(a.subject, b.subject));
}

/** Keys that only one side names. */
function keyReasons(old: ParamsByName, current: ParamsByName): Reason[] {
  const dropped = [...old].filter(([name]) => !current.has(name)).map(([, param]) => param);
  const added = [...current].filter(([name]) => !old.has(name)).map(([, param]) => param);
  if (dropped.length + added.length === 0) return [];
  const leaves = leafReasons(dropped, added);
  if (leaves.length > 0) return leaves;
  // The same leaves under other keys ('train' and 'train.epochs'): the signature differs, no value does.
  return [paramChanged(keysText(added), keysText(dropped), keysText(added))];
}

function leafReasons(before: readonly ParamValue[], after: readonly ParamValue[]): Reason[] {
  const [old, current] = [leavesOf(before), leavesOf(after)];
  const subjects = [...new Set([...old.keys(), ...current.keys()])];
  return subjects
    .filter((subject) => !sameValue(old.get(subject), current.get(subject)))
    .map((subject) => paramChanged(subject, old.get(subject), current.get(subject)));
}

function paramChanged(subject: string, old: JsonValue | undefined, now: JsonValue | undefined): Reason {
  return {
    kind: 'param-changed',
    subject,
    ...(old !== undefined && { old }),
    ...(now !== undefined && { new: now }),
  };
}

type ParamsByName = ReadonlyMap<string, ParamValue>;

function byName(params: readonly ParamValue[]): ParamsByName {
  return new Map(params.map((param) => [`${param.file}:${param.key}`, param]));
}

function leavesOf(params: readonly ParamValue[]): Map<string, JsonValue> {
  const leaves = params.flatMap(({ file, key, value }) =>
    [...flattenJson(value, key)].map(([leaf, each]): [string, JsonValue] => [`${file}:${leaf}`, each]),
  );
  return new Map(leaves);
}

/** Undefined: there is none. */
function sameValue(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(a) === canonicalJson(b);
}

function keysText(params: readonly ParamValue[]): string {
  return params.map(({ file, key }) => `${file}:${key}`).join(' ');
}

function declaredReasons(now: readonly OutputNow[], locked: LockEntry['outs']): Reason[] {
  const before = new Map(locked.map((out) => [out.path, out]));
  const declared = new Map(now.map(({ output }) => [output.path, output]));
  const added = now.flatMap(({ output }): Reason[] => {
    const old = before.get(output.path);
    const same = old && (old.persist ?? false) === output.persist;
    return same ? [] : [{ kind: 'output-added', subject: output.path }];
  });
  const removed = locked
    .filter((out) => !declared.has(out.path))
    .map((out): Reason => ({ kind: 'output-removed', subject: out.path, old: out.id }));
  return [...added, ...removed];
}

/** How what stands at an output's path relates to what the lock records of it. Pure. */
export function outputState(
  now: OutputNow,
  recorded: Snapshot | undefined,
): 'as-recorded' | 'missing' | 'incomplete' | 'moved' | 'edited' {
  if (!now.there) {
    const absent = now.mayBeAbsent === true && recorded && sameContent(now.pointer, recorded);
    return absent === true ? 'as-recorded' : 'missing';
  }
  if (recorded && sameContent(now.there, recorded)) {
    return now.output.cache === (now.pointer !== undefined) &&
      (!now.pointer || sameContent(now.pointer, recorded))
      ? 'as-recorded'
      : 'moved';
  }
  if (!isOwn(now)) return 'edited';
  return isIncomplete(now) ? 'incomplete' : 'moved';
}

/**
 * True if ocrpipe or a run of the stage put these bytes there, or the pointer names them: also where only some of them came. Where
 * nothing is remembered (a new index, outputs that git holds), bytes that are in the store count as ocrpipe's: replacing them
 * loses nothing.
 */
function isOwn({ there, pointer, lastPut, state, stored, leftover, committing }: OutputNow): boolean {
  if (leftover === true) return true;
  if (committing === true) return false;
  if (state === 'clean' || state === 'pointer-moved') return true;
  if (pointer && sameContent(there, pointer)) return true;
  return lastPut ? sameContent(there, lastPut) : stored();
}

/** True if a checkout or pull brought only some files of an output. */
export function isIncomplete({ there, state, partly, begun }: OutputNow): boolean {
  return there?.kind === 'directory' && (partly === true || (begun === true && state !== 'clean'));
}

/**
 * True if what stands at an output must not become its whole: files of it may be missing that never came. What a run of the
 * stage left is all that it made.
 */
export function isOutputRestUnknown({ state, leftover, begun, restUnknown }: OutputNow): boolean {
  if (state === 'clean' || (leftover === true && begun !== true)) return false;
  return restUnknown?.() ?? false;
}

/** The outputs that somebody edited. Pure. */
export function editedOutputs(outs: readonly OutputNow[], entry: LockEntry | undefined): OutputNow[] {
  const recorded = new Map((entry?.outs ?? []).map((out) => [out.path, out]));
  return outs.filter((out) => outputState(out, recorded.get(out.output.path)) === 'edited');
}

const OUTPUT_REASONS = {
  missing: 'output-missing',
  incomplete: 'output-incomplete',
  moved: 'output-moved',
  edited: 'output-changed',
} as const;

/** What is wrong with the outputs, given what the lock records of them. Pure. */
export function outputReasons(now: StageNow, entry: LockEntry | undefined): Reason[] {
  const recorded = new Map((entry?.outs ?? []).map((out) => [out.path, out]));
  const interrupted: Reason[] = now.interrupted ? [{ kind: 'interrupted', subject: now.name }] : [];
  const reasons = now.outs.flatMap((out): Reason[] => {
    const old = recorded.get(out.output.path);
    const state = outputState(out, old);
    // An output that was never recorded and is not there is no news.
    if (state === 'as-recorded' || (state === 'missing' && !old)) return [];
    // After an unrecorded run the outputs are what it left: only an edit of somebody else's is more to say.
    if (now.interrupted && state !== 'edited') return [];
    return [
      {
        kind: OUTPUT_REASONS[state],
        subject: out.output.path,
        ...(old && { old: old.id }),
        ...(out.there && { new: out.there.id }),
      },
    ];
  });
  return [...interrupted, ...reasons];
}

export function declaredOutputs(outs: readonly OutputNow[]): DeclaredOutput[] {
  return outs.map(({ output }) => ({ path: output.path, persist: output.persist }));
}
