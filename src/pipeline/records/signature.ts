import { canonicalJson, type JsonValue } from '../../base/canonical-json.js';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import type { RepoPath } from '../../base/paths.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import { lockedPart, type LockedPart } from '../definition/dependencies/dependency-part.js';
import type { ParamValue } from '../definition/stage/params.js';

/** A path and what it held. */
export type LockedPath = { readonly path: RepoPath } & Readonly<Snapshot>;

/** A dependency and what it held. */
export type LockedDependency = LockedPath & LockedPart;

/** Something elsewhere, and which version of it: 'etag "5d41"'. */
export interface LockedUrl {
  readonly url: string;
  readonly version: string;
}

/** A variable of the environment that counts; null: it was not set. */
export interface LockedVariable {
  readonly name: string;
  readonly value: string | null;
}

/** What an output is declared as, as far as it changes what a run gives. */
export interface DeclaredOutput {
  readonly path: RepoPath;
  readonly persist: boolean;
}

/** Everything that decides what a stage makes. Lists are sorted: deps and outs by path, params by file and key, others by name. */
export interface StageInputs {
  readonly run: readonly string[];
  readonly wdir: RepoPath;
  readonly deps: readonly LockedDependency[];
  /** Absent: none. */
  readonly urls?: readonly LockedUrl[];
  /** Absent: none. */
  readonly env?: readonly LockedVariable[];
  readonly params: readonly ParamValue[];
  readonly outs: readonly DeclaredOutput[];
}

/** The form of `signatureInput`; another form must have another number, so that old records never match it. */
const SIGNATURE_VERSION = 1;

/**
 * The input part of a run record. Each field says why it counts; what is not here (secrets, desc, resources, plots' axes,
 * remote, cache, times, machine, user) does not change what a stage makes, and changing it reruns nothing.
 */
export function signatureInput(inputs: StageInputs): JsonValue {
  return {
    version: SIGNATURE_VERSION,
    // Another command may write anything else.
    run: inputs.run,
    // Relative paths in the command start here.
    wdir: inputs.wdir,
    // The bytes that were read: id, and what an id does not say (a file and a tree have ids of one form; a script that
    // is no longer executable no longer runs). Sizes follow from ids.
    deps: inputs.deps.map(({ path, id, kind, executable, ...part }) => ({
      path,
      id,
      kind,
      ...(executable === true && { executable }),
      ...lockedPart(part),
    })),
    // The command reads these by itself: that they are another version is all that is known of them.
    ...(hasAny(inputs.urls) && { urls: inputs.urls.map(({ url, version }) => ({ url, version })) }),
    // Whoever declares a variable says that the result depends on it.
    ...(hasAny(inputs.env) && {
      env: Object.fromEntries(inputs.env.map(({ name, value }) => [name, value])),
    }),
    // Parsed values, not bytes: comments, order and 0.10 for 0.1 change nothing.
    params: inputs.params.map(({ file, key, value }) => ({ file, key, value })),
    // A new output was not made by an earlier run; with `persist` a run starts from what the last one left.
    outs: inputs.outs.map(({ path, persist }) => ({ path, ...(persist && { persist }) })),
  };
}

/** The key under which runs with these inputs are kept: SHA-256 of the canonical JSON of `signatureInput`. */
export function signatureOf(inputs: StageInputs): ContentId {
  return contentIdOf(canonicalJson(signatureInput(inputs)));
}

function hasAny<T>(items: readonly T[] | undefined): items is readonly T[] {
  return items !== undefined && items.length > 0;
}

/** True if both name the same content in the same form. */
export function sameContent(a: Snapshot | undefined, b: Snapshot | undefined): boolean {
  if (!a || !b) return a === b;
  return a.id === b.id && a.kind === b.kind && (a.executable ?? false) === (b.executable ?? false);
}
