import type { ContentId } from '../../base/content-id.js';
import { objectKey, packKey, runKey, type ObjectKind } from '../format.js';
import { ObjectIndex } from '../object-index.js';
import type { PackTable } from '../pack-format.js';
import type { RunId } from '../run-records.js';
import type { CondemnedFile } from '../trash.js';
import type { FileTally, GcFacts, Tally } from './facts.js';
import type { Inventory, TrashFile } from './inventory.js';
import { chooseRewrites } from './choose-rewrites.js';
import { Verdicts, type PackVerdict } from './verdicts.js';

/** A file of the store that goes, with what it holds. */
export interface GoingFile extends Tally {
  readonly key: string;
  /** True for a pack with nodes of directories. */
  readonly hasNodes: boolean;
}

/** What a collection is to do, in this order. Made without changing anything. */
export interface GcPlan {
  /** Files of the trash that hold what is needed and nowhere else. */
  readonly rescue: readonly CondemnedFile[];
  /** Packs whose needed objects are written to new ones; then they go to the trash like the rest. */
  readonly rewrite: readonly (GoingFile & { readonly table: PackTable })[];
  /** Files for the trash. */
  readonly condemn: readonly GoingFile[];
  /** Files of the trash to delete. */
  readonly remove: readonly (CondemnedFile & Tally)[];
  /** Files of the trash whose time has not come. */
  readonly waiting: readonly (CondemnedFile & Tally)[];
  /** Those among them of which the trash says a time that cannot be: they wait from now on. */
  readonly misdated: readonly CondemnedFile[];
  /** What the roots need. */
  readonly needed: Tally;
  /** What nothing needs and is kept, because no remote has it. */
  readonly unpushed: Tally;
  /** What nothing needs and stays, because it shares a pack with what is needed. */
  readonly scattered: Tally;
}

export function planGc(facts: GcFacts): GcPlan {
  const { inventory } = facts;
  const verdicts = new Verdicts(facts);
  const packs = inventory.packs.map((table) => verdicts.ofPack(table));
  const rewritten = chooseRewrites(packs, facts.mayRewrite);
  const objects = inventory.objects.map((object) => ({
    ...{ key: objectKey(object.id), hasNodes: false, objects: 1, bytes: object.size },
    verdict: verdicts.of('blob', object.id),
  }));
  const runs = inventory.runs
    .filter((run) => !facts.keepsRun(run))
    .map((run) => ({ key: runKey(run.key, run.record), hasNodes: false, objects: 1, bytes: run.bytes }));
  const staying = packs.filter((pack) => !isDead(pack) && !rewritten.has(pack));
  return {
    ...planTrash(facts, verdicts),
    rewrite: [...rewritten].map(({ table, dead, hasNodes }) => ({
      ...{ key: packKey(table.packId), hasNodes, ...dead, table },
    })),
    condemn: [
      ...packs.filter(isDead).map(goingPack),
      ...objects.filter(({ verdict }) => verdict === 'dead').map(({ verdict: _verdict, ...going }) => going),
      ...runs,
    ],
    needed: sumOf(
      packs.map(({ needed }) => needed),
      objects.filter(({ verdict }) => verdict === 'needed'),
    ),
    unpushed: sumOf(
      packs.map(({ unpushed }) => unpushed),
      objects.filter(({ verdict }) => verdict === 'unpushed'),
    ),
    scattered: sumOf(staying.map(({ dead }) => dead)),
  };
}

function sumOf(...lists: readonly (readonly Tally[])[]): Tally {
  const all = lists.flat();
  return {
    objects: all.reduce((sum, { objects }) => sum + objects, 0),
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function isDead({ needed, unpushed }: PackVerdict): boolean {
  return needed.objects + unpushed.objects === 0;
}

function goingPack({ table, dead, hasNodes }: PackVerdict): GoingFile {
  return { key: packKey(table.packId), hasNodes, objects: dead.objects, bytes: table.size };
}

/** How many files, and what is in them. */
export function tallyFiles(files: readonly Tally[]): FileTally {
  return { files: files.length, ...sumOf(files) };
}

/** What becomes of the trash: whatever is not to go, and is not in the store itself, is brought back. */
function planTrash(
  facts: GcFacts,
  verdicts: Verdicts,
): Pick<GcPlan, 'rescue' | 'remove' | 'waiting' | 'misdated'> {
  const back = new Available(facts.inventory);
  const rescue: TrashFile[] = [];
  const going: (CondemnedFile & Tally & { misdated: boolean })[] = [];
  for (const file of facts.inventory.trash) {
    if (isMissed(file, { facts, verdicts, back })) {
      rescue.push(file);
      back.add(file);
    } else {
      const { key, file: place, since, bytes, table } = file;
      const objects = table ? verdicts.deadIn(table) : 1;
      going.push({ key, file: place, since, bytes, objects, misdated: isMisdated(file, facts) });
    }
  }
  const isOld = ({ since, misdated }: (typeof going)[number]): boolean =>
    facts.condemnedBefore === Infinity || (since <= facts.condemnedBefore && !misdated);
  const waiting = going.filter((file) => !isOld(file));
  return {
    rescue: rescue.map(({ key, file, since }) => ({ key, file, since })),
    remove: going.filter(isOld),
    waiting,
    misdated: waiting.filter(({ misdated }) => misdated),
  };
}

/**
 * True of what was condemned by a clock that was wrong: ahead, if that time is to come; behind, if it is before the file was
 * written. Taken at its word, the one would wait for years, and the other go at once.
 */
function isMisdated({ since, writtenAt }: TrashFile, { now }: GcFacts): boolean {
  return since > now || (since < writtenAt && writtenAt <= now);
}

function isMissed(
  { table, blob, run }: TrashFile,
  { facts, verdicts, back }: { facts: GcFacts; verdicts: Verdicts; back: Available },
): boolean {
  if (blob !== undefined) return verdicts.of('blob', blob) !== 'dead' && !back.has('blob', blob);
  if (run !== undefined) return facts.keepsRun(run) && !back.hasRun(run);
  for (let index = 0; table && index < table.count; index += 1) {
    if (verdicts.at(table, index) === 'dead') continue;
    if (!back.has(table.kindAt(index), table.idAt(index))) return true;
  }
  return false;
}

/** What the store has without the trash, and with what is brought back from there. */
class Available {
  readonly #packed = new ObjectIndex();
  readonly #loose: Set<ContentId>;
  readonly #runs: Set<string>;

  constructor({ packs, objects, runs }: Inventory) {
    for (const table of packs) this.#packed.add(table);
    this.#loose = new Set(objects.map(({ id }) => id));
    this.#runs = new Set(runs.map(({ key, record }) => key + record));
  }

  add({ table, blob, run }: TrashFile): void {
    if (table) this.#packed.add(table);
    if (blob !== undefined) this.#loose.add(blob);
    if (run) this.#runs.add(run.key + run.record);
  }

  has(kind: ObjectKind, id: ContentId): boolean {
    return this.#packed.has(kind, id) || (kind === 'blob' && this.#loose.has(id));
  }

  hasRun({ key, record }: RunId): boolean {
    return this.#runs.has(key + record);
  }
}
