import type { ContentId } from '../../base/content-id.js';
import type { ObjectKind } from '../format.js';
import type { PackTable } from '../pack-format.js';
import type { GcFacts, Tally } from './facts.js';

/**
 * - `needed`: a root needs it
 * - `unpushed`: nothing needs it, and it is kept, for no remote has it
 * - `dead`: it may go
 */
export type Verdict = 'needed' | 'unpushed' | 'dead';

/** What a pack holds of each. */
export interface PackVerdict {
  readonly table: PackTable;
  readonly needed: Tally;
  readonly unpushed: Tally;
  readonly dead: Tally;
  /** True if it holds nodes of directories. */
  readonly hasNodes: boolean;
  /** True if it holds a run record: such a pack came from a remote as it is. */
  readonly hasRuns: boolean;
}

/** Judges the objects of a store, once all that is needed is marked. */
export class Verdicts {
  readonly #facts: Pick<GcFacts, 'marks' | 'mayGo'>;

  constructor(facts: Pick<GcFacts, 'marks' | 'mayGo'>) {
    this.#facts = facts;
  }

  of(kind: ObjectKind, id: ContentId): Verdict {
    const { marks, mayGo } = this.#facts;
    if (marks.isMarked(kind, id)) return 'needed';
    return mayGo(kind, id) ? 'dead' : 'unpushed';
  }

  /** The verdict on object number `index` of a pack. */
  at(table: PackTable, index: number): Verdict {
    const { marks, mayGo } = this.#facts;
    if (marks.isMarkedAt(table, index)) return 'needed';
    return mayGo(table.kindAt(index), table.idAt(index)) ? 'dead' : 'unpushed';
  }

  /** How many objects of a pack may go. */
  deadIn(table: PackTable): number {
    let dead = 0;
    for (let index = 0; index < table.count; index += 1) dead += Number(this.at(table, index) === 'dead');
    return dead;
  }

  ofPack(table: PackTable): PackVerdict {
    const tallies = { needed: [0, 0], unpushed: [0, 0], dead: [0, 0] } satisfies Record<Verdict, number[]>;
    let hasNodes = false;
    let hasRuns = false;
    for (let index = 0; index < table.count; index += 1) {
      const tally = tallies[this.at(table, index)];
      tally[0]! += 1;
      tally[1]! += table.lengthAt(index);
      const kind = table.kindAt(index);
      hasNodes ||= kind === 'tree' || kind === 'listing';
      hasRuns ||= kind === 'run';
    }
    const tallyOf = (verdict: Verdict): Tally => {
      const [objects, bytes] = tallies[verdict];
      return { objects: objects!, bytes: bytes! };
    };
    return {
      ...{ table, hasNodes, hasRuns },
      ...{ needed: tallyOf('needed'), unpushed: tallyOf('unpushed'), dead: tallyOf('dead') },
    };
  }
}
