import { closeSync, fstatSync, openSync } from 'node:fs';
import type { EventSink } from '../../base/events.js';
import { withProgress } from '../../base/with-progress.js';
import { writePoint } from '../../base/write-points.js';
import type { LocalStore } from '../local-store.js';
import { unlinkIfThere } from '../temporary.js';
import { Trash, type CondemnedFile } from '../trash.js';
import type { FileTally, Tally } from './facts.js';
import type { GcPlan } from './plan.js';
import { rewritePacks } from './rewrite-packs.js';
import type { Verdicts } from './verdicts.js';

/** What a plan is carried out with. */
export interface CarryOut {
  readonly store: LocalStore;
  readonly plan: GcPlan;
  readonly verdicts: Verdicts;
  /** Delete at once what is condemned: nobody else uses the store. */
  readonly now: boolean;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

/** What was done. */
export interface CarriedOut {
  readonly rescued: number;
  readonly condemned: FileTally;
  readonly deleted: FileTally;
  /** Packs that were written anew, and how many they are now. */
  readonly joined: { readonly packs: number; readonly into: number };
}

/**
 * Carries out a plan. The order makes it safe to die anywhere: what is needed is brought back before anything goes; a new pack
 * has its name before an old one loses its own; and nothing is deleted but from the trash. The next collection goes on.
 */
export async function carryOut(work: CarryOut): Promise<CarriedOut> {
  const { store, plan, verdicts, now, events, signal } = work;
  const trash = new Trash(store.root);
  let rescued = 0;
  for (const { key } of plan.rescue) if (trash.rescue(key) !== undefined) rescued += 1;
  const joined = await rewritePacks(plan.rewrite, { store, verdicts, events, signal });
  const condemned = new Counter();
  const deleted = new Counter();
  const going: (CondemnedFile & Tally)[] = [...plan.remove];
  // Counted from now on, not from when the plan was made: whoever looked up something since has all of the grace period.
  const since = timeOfStore(store);
  for (const file of plan.misdated) trash.redate(file, since);
  // No directory is left in the store whose files are gone from it.
  const leaving = [...plan.condemn, ...joined.old].sort((a, b) => Number(b.hasNodes) - Number(a.hasNodes));
  await forEachFile('move to the trash', leaving, work, (file) => {
    const moved = trash.condemn(file.key, since);
    if (moved) condemned.count(file);
    if (moved && now) going.push({ ...file, ...moved });
  });
  await forEachFile('delete', going, work, (file) => {
    if (trash.remove(file)) deleted.count(file);
  });
  trash.removeEmptyFolders();
  const { tally } = condemned;
  return {
    rescued,
    condemned: tally,
    deleted: deleted.tally,
    joined: { packs: joined.old.length, into: joined.packs.length },
  };
}

async function forEachFile<F>(
  key: string,
  files: readonly F[],
  watched: Pick<CarryOut, 'events' | 'signal'>,
  use: (file: F) => void,
): Promise<void> {
  await withProgress({ key, total: files.length, unit: 'files' }, watched, async (breathe) => {
    for (const [done, file] of files.entries()) {
      await breathe(done);
      use(file);
    }
  });
}

/** The time by the clock of the store's file system, which may be another machine's; milliseconds since 1970. */
export function timeOfStore(store: LocalStore): number {
  const file = store.temporaryFile();
  writePoint();
  const fd = openSync(file, 'wx');
  try {
    return fstatSync(fd).mtimeMs;
  } finally {
    closeSync(fd);
    unlinkIfThere(file);
  }
}

class Counter {
  #tally = { files: 0, objects: 0, bytes: 0 };

  get tally(): FileTally {
    return this.#tally;
  }

  count({ objects, bytes }: Tally): void {
    const { tally } = this;
    this.#tally = {
      files: tally.files + 1,
      objects: tally.objects + objects,
      bytes: tally.bytes + bytes,
    };
  }
}
