import type { LockEntry } from '../records/lock-file.js';
import type { Reason } from './reason.js';
import { lockedPart } from '../definition/dependencies/dependency-part.js';
import type { LockedDependency, LockedPath, StageInputs } from '../records/signature.js';
import {
  declaredOutputs,
  inputReasons,
  outputReasons,
  type DependencyNow,
  type StageNow,
} from './staleness.js';

/** What to do with one stage, and every reason for it. */
export type Step =
  | { readonly action: 'fresh' | 'frozen'; readonly reasons: readonly Reason[] }
  | {
      readonly action: 'run';
      readonly reasons: readonly Reason[];
      /** The lock has the result of a run with these inputs, but its bytes are not in the store. */
      readonly notHere?: true;
    }
  /** An earlier run with the same inputs made `result`, and the store holds all of it. */
  | {
      readonly action: 'restore';
      readonly reasons: readonly Reason[];
      readonly result: readonly LockedPath[];
      /** Of that run. */
      readonly inputs: StageInputs;
    };

export interface PlanRequest {
  readonly now: StageNow;
  readonly entry: LockEntry | undefined;
  readonly frozen: boolean;
  readonly always: boolean;
  readonly forced: boolean;
  /**
   * The outputs of an earlier run with these inputs, if the store holds them all. `recorded`: the lock says that its own
   * entry is such a run.
   */
  readonly earlier: (inputs: StageInputs, recorded: boolean) => readonly LockedPath[] | undefined;
}

/** The decision for one stage. Pure, but for what `earlier` looks up. */
export function planStage(request: PlanRequest): Step {
  const { now, entry } = request;
  if (request.frozen) return { action: 'frozen', reasons: [] };
  const changed = inputReasons(now, entry);
  const reasons = [...asked(request), ...changed, ...outputReasons(now, entry)];
  if (reasons.length === 0) return { action: 'fresh', reasons };
  const inputs = request.forced || request.always ? undefined : knownInputs(now);
  const recorded = changed.length === 0;
  const result = inputs && request.earlier(inputs, recorded);
  if (inputs && result) return { action: 'restore', reasons, result, inputs };
  return { action: 'run', reasons, ...(inputs && recorded && { notHere: true }) };
}

function asked({ now, always, forced }: PlanRequest): Reason[] {
  if (forced) return [{ kind: 'forced', subject: now.name }];
  return always ? [{ kind: 'always', subject: now.name }] : [];
}

/** The inputs of the signature, or undefined while a dependency is missing or not yet made. */
export function knownInputs(now: StageNow): StageInputs | undefined {
  const deps = now.deps.map(knownDependency).filter((dep) => dep !== undefined);
  const { run, wdir, env, params } = now;
  const urls = now.urls?.flatMap(({ url, version }) => (version === undefined ? [] : [{ url, version }]));
  if (deps.length < now.deps.length || urls?.length !== now.urls?.length) return undefined;
  const outs = declaredOutputs(now.outs);
  return { run, wdir, deps, ...(urls && { urls }), ...(env && { env }), params, outs };
}

function knownDependency(dep: DependencyNow): LockedDependency | undefined {
  return dep.state === 'known' ? { path: dep.path, ...dep.snapshot, ...lockedPart(dep) } : undefined;
}
