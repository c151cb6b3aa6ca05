import { join } from 'node:path';
import type { Call } from '../base/call.js';
import { OcrpipeError } from '../base/errors.js';
import { workspaceNeeds, type WorkspaceNeeds } from '../project/needed-roots.js';
import { Workspace } from '../project/workspace.js';
import { storePlace } from '../project/workspace-store.js';
import { FORMAT_KEY } from '../store/format.js';
import { CheckMemory } from '../store/fsck/check-memory.js';
import { checkStore, type StoreCheck, type Unchecked } from '../store/fsck/check-store.js';
import type { CheckedName, Finding } from '../store/fsck/finding.js';
import { walkNeeds, type Lacking, type Needs, type Place } from '../store/fsck/needs.js';
import { SoundReader } from '../store/fsck/sound-reader.js';
import { listStore, type StoreListing } from '../store/fsck/store-files.js';
import { LocalStore } from '../store/local-store.js';
import { textBelow } from '../tracking/byte-path.js';
import { machineName } from '../tracking/machine-name.js';
import type { RepoPath } from '../base/paths.js';
import { placesElsewhere, type Elsewhere } from './fsck-elsewhere.js';

export interface FsckOptions {
  /** Seconds after which no further file is begun. */
  budget?: number | undefined;
}

/** An object that is wrong, and what needs it. */
export interface Damaged extends Finding {
  /** Tracked paths, or files in them; `:` and `HEAD:` before those that only git's index or its last commit has. */
  paths: readonly string[];
}

/** An object that is in no place known of, and what needs it. */
export interface Missing {
  object: Pick<CheckedName, 'kind' | 'id'>;
  paths: readonly string[];
}

export interface FsckResult {
  /** Objects that were compared with their ids. */
  checked: number;
  bytes: number;
  damaged: readonly Damaged[];
  /** What pointers need, and neither the store has, damaged ones apart, nor, as far as is remembered, a remote. */
  missing: readonly Missing[];
  /** What pointers need, the store has not, and a remote had when it was last looked at. */
  elsewhere: Elsewhere;
  /** What only pipeline.lock needs and nobody has: such a stage is run again, not restored. */
  notRestorable: readonly Missing[];
  /** What the time did not last for. */
  unchecked: Unchecked;
  leftovers: Pick<StoreListing, 'tmp' | 'quarantine' | 'unknown'>;
  /** Pointers, or a lock, that cannot be read: what they need was not looked for. */
  problems: readonly { code: string; message: string; hint?: string }[];
}

/** Verifies every byte of the local store, and that what the workspace needs is in it. Changes nothing. */
export async function fsck(options: FsckOptions, call: Call): Promise<FsckResult> {
  const workspace = Workspace.open(call, 'ocrpipe fsck');
  try {
    const { store, findings } = openDamaged(workspace);
    const needs = await workspaceNeeds(workspace);
    const listing = listStore(store.root);
    const memory = new CheckMemory(
      join(workspace.stateFolder, 'index', machineName(), 'fsck'),
      store.format.store,
    );
    const budgetMs = options.budget === undefined ? undefined : options.budget * 1000;
    const check = await checkStore(listing.files, { memory, budgetMs, ...call });
    return report(workspace, { needs, listing, check, findings: [...findings, ...check.findings], store });
  } finally {
    workspace.close();
  }
}

/** A store whose `format.json` is damaged can still be looked at. */
function openDamaged(workspace: Workspace): { store: LocalStore; findings: Finding[] } {
  try {
    return { store: workspace.store, findings: [] };
  } catch (error) {
    if (!(error instanceof OcrpipeError) || error.code !== 'store-format-damaged') throw error;
    const root = storePlace(workspace.root, workspace.settings).folder;
    const object = { kind: 'format', id: root } as const;
    const finding = { object, where: join(root, FORMAT_KEY), reason: error.message };
    return { store: LocalStore.absent(root), findings: [finding] };
  }
}

interface Seen {
  store: LocalStore;
  needs: WorkspaceNeeds;
  listing: StoreListing;
  check: StoreCheck;
  findings: readonly Finding[];
}

function report(workspace: Workspace, { store, needs, listing, check, findings }: Seen): FsckResult {
  const reader = new SoundReader(store.root, findings);
  try {
    const wanted = new Set(findings.map(({ object }) => object.kind + object.id));
    const pointed = walkNeeds(reader, needs.pointed, wanted);
    const locked = walkNeeds(reader, needs.locked, wanted);
    const absent = ({ missing }: Needs): Lacking[] =>
      missing.filter(({ kind, id }) => !wanted.has(kind + id));
    const { elsewhere, nowhere } = placesElsewhere(workspace, absent(pointed));
    const { nowhere: lost } = placesElsewhere(workspace, absent(locked));
    const { tmp, quarantine, unknown } = listing;
    return {
      checked: check.objects,
      bytes: check.bytes,
      damaged: findings.map((finding) => ({ ...finding, paths: pathsOf(finding, [pointed, locked]) })),
      missing: nowhere.map(missingOf),
      elsewhere,
      notRestorable: lost.map(missingOf),
      unchecked: check.unchecked,
      leftovers: { tmp, quarantine, unknown },
      problems: needs.problems.map(({ code, message, hint }) => ({ code, message, ...(hint && { hint }) })),
    };
  } finally {
    reader.close();
  }
}

function pathsOf({ object }: Finding, needs: readonly Needs[]): string[] {
  return [...new Set(needs.flatMap(({ places }) => placesText(places.get(object.kind + object.id) ?? [])))];
}

function missingOf({ kind, id, places }: Lacking): Missing {
  return { object: { kind, id }, paths: placesText(places) };
}

function placesText(places: readonly Place[]): string[] {
  return places.map(({ root, below }) => textBelow(root as RepoPath, below));
}

/** True if something is wrong that a healthy store and workspace do not have. */
export function foundDamage({ damaged, missing, problems }: FsckResult): boolean {
  return damaged.length + missing.length + problems.length > 0;
}
