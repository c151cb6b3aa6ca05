import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { FOLDERS, packKey, type ObjectKind, type StoreFormat } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import type { PackTable } from '../../store/pack-format.js';
import type { RunId, RunRecords } from '../../store/run-records.js';
import type { Listed } from '../backends/remote.js';
import type { Deleted } from '../catalog/base-chain.js';
import type { Catalog, LargeObject, Root } from '../catalog/catalog.js';
import { loadView } from '../catalog/load-view.js';
import { RemoteView } from '../catalog/view.js';
import type { ViewSource } from '../catalog/view-source.js';
import { nextBase, putBase, putCatalog } from '../catalog/write-base.js';
import { eachInParallel } from '../parallel.js';
import { clearUnfinished, type ClearedWrites } from './clear-unfinished.js';
import { joinPacks, type Joined } from './join-packs.js';
import { keptRoots, sparedRoots, type RecordedRoot, type SparedRoots } from './kept-roots.js';
import { keptRuns } from './kept-runs.js';
import { markRemote, type MarkedRoot } from './mark-remote.js';
import {
  allCatalogs,
  mayDelete,
  planRemoteGc,
  restsUntil,
  type RemoteGcPlan,
  type RemoteGcTally,
} from './plan-remote-gc.js';
import { RemoteMarks } from './remote-marks.js';

export interface CollectInput extends ViewSource {
  /** Nodes are read from there first, and new packs are built there. */
  readonly store: LocalStore;
  readonly runs: RunRecords;
  /** The project on whose behalf the remote is cleared: roots of others all stay. */
  readonly project: string;
  /** What the project needs, whether it is on the remote or not. */
  readonly needed: { readonly roots: readonly MarkedRoot[]; readonly runs: readonly RunId[] };
  /** What a run made, by the bytes of its record; undefined for one that is not understood. */
  readonly outsOf: (record: Buffer) => readonly { kind: ObjectKind; id: ContentId }[] | undefined;
  /** What was pushed so lately stays. Milliseconds, like the next. */
  readonly recentMs: number;
  /** From when something is condemned to when it may be deleted. */
  readonly graceMs: number;
  readonly allowMissing: boolean;
  readonly dryRun: boolean;
  readonly jobs: number;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

/** What became of what the remote's catalogs name. */
interface CollectedFiles extends RemoteGcTally {
  /** Packs that were written anew, and how many they are now; in a dry run only the former. */
  readonly joined: { readonly packs: number; readonly into?: number };
  /** Packs that were to be written anew and stay as they are, because something in them is damaged that is needed. */
  readonly damaged: { readonly packs: number };
  /** Objects that are missing below what is there. */
  readonly lost: number;
  /** Roots that stay though nothing in the project's scope names them. */
  readonly spared: SparedRoots;
  /** From when what is condemned now may be deleted (ISO 8601, the remote's clock). */
  readonly deleteAfter: string;
}

export interface Collected extends CollectedFiles {
  /** What writes left that nobody finished. */
  readonly unfinished: ClearedWrites;
}

/** So often another base may come in between. */
const STARTS = 8;
/** The remote's clock is asked once for so many deletions. */
const DELETIONS_PER_LOOK = 64;
/** Entries of packs that one catalog names at most: 40 bytes each. */
const MAX_CATALOG_ENTRIES = 1_000_000;

/**
 * Collects garbage on a remote, in two phases with a grace period between. What nothing needs any more is condemned: it can still be
 * read and taken back, but no push relies on it. What was condemned a grace period ago, and is still not needed, is deleted. All
 * that decides is read after the base that condemned it; each step is one base, written on the condition that it is the next, and
 * nothing is deleted that the highest base does not say is. So it may die anywhere, and others may push and collect at any time.
 */
export async function collectRemote(input: CollectInput): Promise<Collected> {
  for (let start = 1; start <= STARTS; start += 1) {
    const done = await tryToCollect(input);
    if (done !== 'overtaken') return { ...done, unfinished: await clearUnfinished(input) };
  }
  throw new OcrpipeError(
    'remote-unsteady',
    `${input.remote.where} was reorganised by others again and again`,
    {
      hint: 'Run the command again when the others have finished.',
    },
  );
}

async function tryToCollect(input: CollectInput): Promise<CollectedFiles | 'overtaken'> {
  try {
    const view = await lookAtAll(input);
    const now = await input.remote.now({ signal: input.signal });
    const judged = await judge(input, view, now);
    const { plan, lost } = judged;
    const deleteAfter = new Date(now.getTime() + input.graceMs).toISOString();
    const told = { lost: lost.size, spared: judged.spared, deleteAfter, damaged: { packs: 0 } };
    if (input.dryRun) return { ...told, ...plan.tally(), joined: { packs: plan.rewrite.length } };
    const format = view.parts.format;
    if (format === undefined || !plan.isWorthIt) {
      await deleteGone(input);
      return { ...told, ...plan.tally(), joined: { packs: 0, into: 0 } };
    }
    const { marks } = judged;
    const joined = await joinPacks(plan.rewrite, { ...input, view, marks });
    if (!(await writeBase(input, { ...judged, view, now, format, joined }))) return 'overtaken';
    await deleteGone(input);
    return { ...told, ...plan.tally(keysOf(joined)), ...joinedOf(plan, joined) };
  } catch (error) {
    // Another collection deleted or joined it since the listing.
    if (error instanceof OcrpipeError && error.code === 'remote-file-gone') return 'overtaken';
    throw error;
  }
}

/** Of packs that stay though they were to be written anew. From which nothing goes, joined alone, is the same pack again. */
function keysOf({ failed, packs }: Joined): ReadonlySet<string> {
  return new Set([...failed, ...packs].map(({ packId }) => packKey(packId)));
}

function joinedOf(
  { rewrite }: RemoteGcPlan,
  { failed, packs }: Joined,
): Pick<CollectedFiles, 'joined' | 'damaged'> {
  return {
    joined: { packs: rewrite.length - failed.size, into: packs.length },
    damaged: { packs: failed.size },
  };
}

/** With every large object, also those that no catalog names. */
async function lookAtAll(input: CollectInput): Promise<RemoteView> {
  const { parts } = await loadView(input);
  const listedObjects = await input.remote.list(`${FOLDERS.objects}/`, { signal: input.signal });
  return new RemoteView({ ...parts, listedObjects });
}

interface JudgedRemote {
  readonly marks: RemoteMarks;
  readonly plan: RemoteGcPlan;
  readonly roots: readonly Root[];
  readonly runs: readonly RunId[];
  readonly lost: ReadonlySet<string>;
  readonly spared: SparedRoots;
}

async function judge(input: CollectInput, view: RemoteView, now: Date): Promise<JudgedRemote> {
  const { project, needed, graceMs, recentMs } = input;
  const marks = new RemoteMarks(view);
  const named = [...needed.roots, ...listingsFor(needed.roots, view)];
  const pointed = new Set(named.map(({ kind, id }) => kind + id));
  const since = new Date(now.getTime() - recentMs).toISOString();
  const recorded = keptRoots(view, { project, pointed, since });
  const isComplete = view.parts.base?.collection.incomplete !== true && !input.allowMissing;
  const markedOf = new Map(recorded.map((each) => [each, markedRoot(each, isComplete)]));
  const pointedRoots = needed.roots.map((root) => ({
    ...root,
    optional: root.optional || input.allowMissing,
  }));
  const all = [...pointedRoots, ...[...markedOf.values()].flatMap((root) => root ?? [])];
  const { lost, unread } = await markRemote(all, { ...input, view, marks });
  const kept = recorded.filter((each) => each.proven || !unread.has(markedOf.get(each)!));
  const runs = await keptRuns({ ...input, view, marks });
  const plan = planRemoteGc({ view, marks, lost, now, graceMs });
  const roots = kept.map(({ root }) => root);
  return { marks, plan, roots, runs, lost, spared: sparedRoots(roots, { project, pointed, recentMs }) };
}

/** By which parts are found of directories that were not pushed as a whole. */
function listingsFor(
  roots: CollectInput['needed']['roots'],
  view: RemoteView,
): { kind: 'listing'; id: ContentId }[] {
  return roots
    .filter(({ kind, id }) => kind === 'tree' && !view.has('tree', id))
    .map(({ id }) => ({ kind: 'listing', id }));
}

/** A root of which its pusher has not seen to everything yet may lack something; so may one where that is known. */
function markedRoot({ root, proven }: RecordedRoot, isComplete: boolean): MarkedRoot | undefined {
  const { kind, id, project } = root;
  if (kind === 'run') return undefined;
  const needer = `the project '${project}'`;
  return { kind, id, needer, optional: !proven || !isComplete, recorded: true };
}

interface Outcome extends JudgedRemote {
  readonly view: RemoteView;
  readonly now: Date;
  readonly format: StoreFormat;
  readonly joined: Joined;
}

/** Writes the catalogs of all that stays and of all that leaves, then the base that names them. False if another came first. */
async function writeBase(input: CollectInput, outcome: Outcome): Promise<boolean> {
  const { view, now, plan, joined, roots, runs, lost } = outcome;
  const stay = keysOf(joined);
  const created = now.toISOString();
  const staying = { packs: [...plan.keep, ...joined.packs], objects: plan.objects };
  const parts = await writeCatalogs(input, outcome, { ...staying, roots, runs });
  const leaving = await writeCatalogs(input, outcome, {
    ...{ objects: plan.leaving.objects, roots: [], runs: [] },
    packs: [...new Set([...plan.leaving.packs, ...joined.failed])],
  });
  const removed = plan.remove.filter((key) => !stay.has(key));
  const names = new Set([...parts, ...leaving]);
  const next = nextBase(view, created);
  return putBase(input, {
    ...{ ...next, parts, condemned: plan.condemned.filter(({ key }) => !stay.has(key)) },
    covered: allCatalogs(view).filter((id) => !names.has(id)),
    collection: {
      ...{ collected: next.n, leaving, incomplete: lost.size > 0 },
      deleted: [...plan.deleted, ...removed.map((key): Deleted => ({ key, until: restsUntil(now) }))],
    },
  });
}

/** Their number of a base is 0: but for the base that names them they prove nothing. */
async function writeCatalogs(
  input: CollectInput,
  { now, format }: Outcome,
  what: {
    packs: readonly PackTable[];
    objects: readonly LargeObject[];
    roots: readonly Root[];
    runs: readonly RunId[];
  },
): Promise<ContentId[]> {
  const { objects, roots, runs } = what;
  if (what.packs.length + objects.length + roots.length + runs.length === 0) return [];
  const head = { store: format.store, project: '', created: now.toISOString(), base: 0 };
  const ids: ContentId[] = [];
  for (const [index, packs] of splitPacks(what.packs).entries()) {
    const others = index === 0 ? { objects, roots, runs } : { objects: [], roots: [], runs: [] };
    const catalog: Catalog = { ...head, ...others, packs };
    ids.push(await putCatalog(input, catalog));
  }
  return ids;
}

/** One list at least. */
function splitPacks(packs: readonly PackTable[]): PackTable[][] {
  const lists: PackTable[][] = [[]];
  let entries = 0;
  for (const table of packs) {
    entries += table.count;
    if (entries > MAX_CATALOG_ENTRIES) {
      lists.push([]);
      entries = table.count;
    }
    lists.at(-1)!.push(table);
  }
  return lists;
}

/** Deletes what the highest base says is deleted and is still there: also what an earlier collection did not come to. */
async function deleteGone(input: CollectInput): Promise<void> {
  const { remote, signal, events } = input;
  const view = await lookAtAll(input);
  const { listed, listedObjects = [], base } = view.parts;
  const there = new Set([...listed, ...listedObjects].map(({ key }: Listed) => key));
  const gone = (base?.collection.deleted ?? []).filter(({ key }) => there.has(key));
  try {
    for (let at = 0; at < gone.length; at += DELETIONS_PER_LOOK) {
      const now = await remote.now({ signal });
      const due = gone.slice(at, at + DELETIONS_PER_LOOK).filter((each) => mayDelete(each, now));
      events({ type: 'progress', key: 'delete', done: at, total: gone.length, unit: 'files' });
      await eachInParallel(due, input.jobs, ({ key }) => remote.delete(key, { signal }));
    }
  } finally {
    events({ type: 'progress-end', key: 'delete' });
  }
}
