import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ContentId } from '../../../src/base/content-id.js';
import { OcrpipeError } from '../../../src/base/errors.js';
import type { Remote } from '../../../src/remote/backends/remote.js';
import { findPath } from '../../../src/store/tree-reader.js';
import type { ObjectKind } from '../../../src/store/format.js';
import type { FileEntry } from '../../../src/store/tree-format.js';
import { Machine } from '../rig.js';

/** What somebody gets: a tree, or what lies at a path of it. */
export interface Pulled {
  readonly id: ContentId;
  readonly below?: string;
}

/** Machines that pull from one remote in the model, in a folder that goes with them. */
export class Pullers {
  readonly #folder: string;
  readonly #sender: Machine;
  readonly #objects: readonly { kind: ObjectKind; id: ContentId }[];
  /** Of machines that pull again and again, and how many of them do now. */
  readonly #homes: string[] = [];
  #busy = 0;

  /** `sender` has all there is, which is `objects`. */
  constructor(
    folder: string,
    { sender, objects }: { sender: Machine; objects: readonly { kind: ObjectKind; id: ContentId }[] },
  ) {
    this.#folder = mkdtempSync(join(folder, 'pullers-'));
    this.#sender = sender;
    this.#objects = objects;
  }

  /** Nobody pulls any more: who has not come to the end died. */
  allEnded(): void {
    this.#busy = 0;
  }

  /**
   * Pulls with a machine of its own: a fresh clone, or one that pulled before and remembers catalogs and has files from then, be it
   * that it died. False if something of it is missing. Throws if anything else is wrong, be it with what is in the store then.
   */
  async pull(remote: Remote, wanted: Pulled, who: 'fresh' | 'returning'): Promise<boolean> {
    const machine = new Machine(who === 'fresh' ? this.#newHome() : this.#nextHome());
    const isThere = await machine
      .fetch(remote, [{ ...wanted, kind: 'tree', name: 'data' }], { jobs: 1 })
      .then(() => true, isMissing);
    this.#expectSound(machine);
    if (isThere) expect(filesOf(machine, wanted)).toEqual(filesOf(this.#sender, wanted));
    return isThere;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #newHome(): string {
    return mkdtempSync(join(this.#folder, 'home-'));
  }

  #nextHome(): string {
    const home = (this.#homes[this.#busy] ??= this.#newHome());
    this.#busy += 1;
    return home;
  }

  /** What has a name in the store is what the name says. */
  #expectSound({ store }: Machine): void {
    store.refresh();
    for (const { kind, id } of this.#objects) if (store.has(kind, id)) store.read(kind, id);
  }
}

function isMissing(error: unknown): boolean {
  if (error instanceof OcrpipeError && error.code === 'object-missing') return false;
  throw error;
}

/** Path to size, verified. */
function filesOf(machine: Machine, { id, below }: Pulled): Map<string, number> {
  if (below === undefined) return machine.files(id);
  const entry = findPath({ reader: machine.store, id }, below);
  if (entry?.kind === 'directory') return machine.files(entry.id);
  return new Map([[below, machine.store.read('blob', (entry as FileEntry).id).length]]);
}
