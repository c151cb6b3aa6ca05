import { join } from 'node:path';
import type { Call } from '../base/call.js';
import { OcrpipeError } from '../base/errors.js';
import { needsToCheck, type NeedsToCheck } from '../project/roots/needs-to-check.js';
import { Workspace } from '../project/workspace.js';
import { storePlace } from '../project/workspace-store.js';
import { FORMAT_KEY } from '../store/format.js';
import { CheckMemory } from '../store/fsck/check-memory.js';
import { checkStore, type StoreCheck, type Unchecked } from '../store/fsck/check-store.js';
import type { Finding } from '../store/fsck/finding.js';
import { walkNeeds, type Lacking, type Needs } from '../store/fsck/needs.js';
import { SoundReader } from '../store/fsck/sound-reader.js';
import { listStore, type StoreListing } from '../store/fsck/store-files.js';
import { miscounted, type Miscounted } from '../tracking/pointers/miscounted.js';
import type { NeededRoot } from '../store/needed-root.js';
import { machineName } from '../tracking/machine-name.js';
import { placesElsewhere, type Elsewhere } from './fsck-elsewhere.js';
import type { Repaired } from './fsck-repair.js';
import { isUnhealed, placesText, type Damaged, type Healed, type Missing } from './fsck-report.js';

export interface FsckOptions {
  /** Seconds after which no further file is begun. */
  budget?: number | undefined;
  /** Heal what can be healed, and move the rest to quarantine. */
  repair?: boolean;
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
  /** Pointers, or a lock, that cannot be read: what they need was not looked for. And pointers that count wrong what they name. */
  problems: readonly { code: string; message: string; hint?: string }[];
}

/**
 * Verifies every byte of the local store, and that what the workspace needs is in it. Without `repair` it changes nothing but
 * that damaged large files are no longer taken for sound unread; with it what can be healed is, see {@link repair}.
 */
export async function fsck(options: FsckOptions, call: Call): Promise<FsckResult> {
  const workspace = Workspace.open(call, 'ocrpipe fsck');
  try {
    const { root, id, findings } = storeOf(workspace);
    const needs = await needsToCheck(workspace);
    const listing = listStore(root);
    const memory = new CheckMemory(join(workspace.stateFolder, 'index', machineName(), 'fsck'), id);
    const budgetMs = options.budget === undefined ? undefined : options.budget * 1000;
    const check = await checkStore([...listing.files, ...listing.trash], { memory, budgetMs, ...call });
    const seen = { root, needs, listing, check, findings: [...findings, ...check.findings] };
    const before = await report(workspace, seen);
    if (options.repair !== true || before.damaged.length + before.missing.length === 0) return before;
    const { repair } = await import('./fsck-repair.js');
    return afterRepair(
      before,
      await repair(workspace, { ...seen, missing: before.missing.map(({ object }) => object) }),
      await report(workspace, { ...seen, findings: [], listing: listStore(root) }),
    );
  } finally {
    workspace.close();
  }
}

/** What was wrong, with how it was healed; the rest as it is now. */
function afterRepair(before: FsckResult, repaired: Repaired, now: FsckResult): FsckResult {
  const nameOf = ({ kind, id }: Missing['object']): string => kind + id;
  const withHealed = <T extends Missing>(each: T, healed: Healed | undefined): T =>
    healed ? { ...each, healed } : each;
  const known = new Set(before.missing.map(({ object }) => nameOf(object)));
  const damaged = before.damaged.map((each) =>
    withHealed(each, repaired.get(nameOf(each.object)) ?? repaired.get(each.where)),
  );
  const wasDamaged = new Set(damaged.map(({ object }) => nameOf(object)));
  // Below a directory that came back others may be missing; what was damaged is not named twice.
  const found = now.missing.filter(
    ({ object }) => !known.has(nameOf(object)) && !wasDamaged.has(nameOf(object)),
  );
  const missing = [...before.missing, ...found].map((each) =>
    withHealed(each, repaired.get(nameOf(each.object))),
  );
  return { ...now, damaged, missing };
}

/** The store's folder and name. One whose `format.json` is damaged can be looked at all the same. */
function storeOf(workspace: Workspace): { root: string; id: string; findings: Finding[] } {
  try {
    const { root, format } = workspace.store;
    return { root, id: format.store, findings: [] };
  } catch (error) {
    if (!(error instanceof OcrpipeError) || error.code !== 'store-format-damaged') throw error;
    const root = storePlace(workspace.root, workspace.settings).folder;
    const object = { kind: 'format', id: root } as const;
    return { root, id: '', findings: [{ object, where: join(root, FORMAT_KEY), reason: error.message }] };
  }
}

interface Seen {
  root: string;
  needs: NeedsToCheck;
  listing: StoreListing;
  check: StoreCheck;
  findings: readonly Finding[];
}

async function report(
  workspace: Workspace,
  { root, needs, listing, check, findings }: Seen,
): Promise<FsckResult> {
  const reader = new SoundReader(root, findings);
  try {
    const wanted = new Set(findings.map(({ object }) => object.kind + object.id));
    const wrong = needs.pointers.flatMap(
      ({ path, snapshot }) => miscounted(reader, path, { pointer: snapshot }) ?? [],
    );
    const pointed = walkNeeds(reader, withRightSizes(needs.pointed, wrong), wanted);
    const locked = walkNeeds(reader, needs.locked, wanted);
    const absent = ({ missing }: Needs): Lacking[] =>
      missing.filter(({ kind, id }) => !wanted.has(kind + id));
    const { elsewhere, nowhere } = await placesElsewhere(workspace, absent(pointed));
    const { nowhere: lost } = await placesElsewhere(workspace, absent(locked));
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
      problems: [...needs.problems, ...wrong.map(({ error }) => error)].map(({ code, message, hint }) => {
        return { code, message, ...(hint && { hint }) };
      }),
    };
  } finally {
    reader.close();
  }
}

/** What is there is not called missing because a pointer counts it wrong. */
function withRightSizes(roots: readonly NeededRoot[], wrong: readonly Miscounted[]): NeededRoot[] {
  const sizes = new Map(wrong.map(({ right }) => [right.id, right.size]));
  return roots.map((root) => {
    const size = root.kind === 'blob' ? sizes.get(root.id) : undefined;
    return size === undefined ? root : { ...root, size };
  });
}

function pathsOf({ object }: Finding, needs: readonly Needs[]): string[] {
  return [...new Set(needs.flatMap(({ places }) => placesText(places.get(object.kind + object.id) ?? [])))];
}

function missingOf({ kind, id, places }: Lacking): Missing {
  return { object: { kind, id }, paths: placesText(places) };
}

/** True if something is wrong, and was not healed. */
export function foundDamage(result: FsckResult): boolean {
  return result.problems.length > 0 || isUnhealed(result);
}
