import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventSink } from '../../base/events.js';
import { FOLDERS, MAX_PACK_DATA_BYTES, MAX_PACK_OBJECTS, packKey } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import {
  encodePackEntry,
  encodePackHeader,
  encodePackTrailer,
  PACK_ENTRY_BYTES,
  PACK_SALT_BYTES,
  packIdOf,
  type PackTable,
} from '../../store/pack-format.js';
import { PackWriter } from '../../store/pack-writer.js';
import type { Remote } from '../backends/remote.js';
import type { RemoteView } from '../catalog/view.js';
import { ObjectSource } from '../fetch/object-source.js';
import { joinRanges } from '../fetch/range-plan.js';
import { putPack } from '../push/send-pack.js';
import type { RemoteMarks } from './remote-marks.js';

export interface JoinInput {
  readonly remote: Remote;
  /** New packs are built in its `tmp/`. */
  readonly store: LocalStore;
  readonly view: RemoteView;
  readonly marks: RemoteMarks;
  readonly events: EventSink;
  readonly signal: AbortSignal;
}

export interface Joined {
  /** The new packs. */
  readonly packs: readonly PackTable[];
  /** Packs of which something that is needed is damaged, or whose new name is taken: they are left as they are. */
  readonly failed: ReadonlySet<PackTable>;
}

/** Some objects of one pack, by number. */
interface Share {
  readonly table: PackTable;
  readonly indexes: number[];
}

/**
 * Writes what is needed of some packs to new ones on the remote, each object verified: blobs apart from nodes and run records. The
 * same packs give the same new ones, so that a collection that was interrupted sends none twice.
 */
export async function joinPacks(packs: readonly PackTable[], input: JoinInput): Promise<Joined> {
  const groups = [...groupsOf(packs, input.marks, true), ...groupsOf(packs, input.marks, false)];
  const written: PackTable[] = [];
  const failed = new Set<PackTable>();
  const { events, signal } = input;
  try {
    for (const [done, group] of groups.entries()) {
      signal.throwIfAborted();
      events({ type: 'progress', key: 'join packs', done, total: groups.length, unit: 'steps' });
      const { table, damaged } = await writeSound(group, input);
      if (table) written.push(table);
      for (const share of damaged) failed.add(share.table);
    }
  } finally {
    events({ type: 'progress-end', key: 'join packs' });
  }
  return { packs: written, failed };
}

/** The needed blobs of the packs, or all else that is needed, in their order, by new pack. */
function groupsOf(packs: readonly PackTable[], marks: RemoteMarks, blobs: boolean): Share[][] {
  const groups: Share[][] = [];
  let size = { objects: 0, bytes: 0 };
  for (const table of packs) {
    for (let index = 0; index < table.count; index += 1) {
      if ((table.kindAt(index) === 'blob') !== blobs || !marks.isMarkedAt(table, index)) continue;
      const length = table.lengthAt(index);
      if (
        groups.length === 0 ||
        size.objects === MAX_PACK_OBJECTS ||
        size.bytes + length > MAX_PACK_DATA_BYTES
      ) {
        groups.push([]);
        size = { objects: 0, bytes: 0 };
      }
      size = { objects: size.objects + 1, bytes: size.bytes + length };
      const group = groups.at(-1)!;
      if (group.at(-1)?.table !== table) group.push({ table, indexes: [] });
      group.at(-1)!.indexes.push(index);
    }
  }
  return groups;
}

/** The new pack of those of the packs of which nothing is damaged that is needed, if there are any; and the others. */
async function writeSound(group: readonly Share[], input: JoinInput): Promise<Written> {
  const all = await writeGroup(group, input);
  const sound = group.filter((share) => !all.damaged.includes(share));
  if (all.damaged.length === 0 || sound.length === 0) return all;
  const rest = await writeGroup(sound, input);
  return { ...rest, damaged: [...all.damaged, ...rest.damaged] };
}

interface Written {
  readonly table?: PackTable;
  readonly damaged: readonly Share[];
}

/** No pack if something in it is damaged. */
async function writeGroup(group: readonly Share[], input: JoinInput): Promise<Written> {
  const { remote, store, view, signal } = input;
  const source = new ObjectSource(remote, view, signal);
  const writer = new PackWriter(join(store.root, FOLDERS.tmp), saltFor(group, view));
  try {
    const damaged: Share[] = [];
    for (const share of group) {
      const before = source.damaged.length;
      for (const range of joinRanges(share.table, share.indexes)) {
        for await (const { kind, id, bytes } of source.readRange(share.table, range, String))
          writer.add(kind, id, bytes);
      }
      if (source.damaged.length > before) damaged.push(share);
    }
    if (damaged.length > 0) return { damaged };
    const sealed = writer.seal();
    try {
      const isThere = await putPack({ remote, signal }, sealed, view);
      return isThere ? { table: sealed.table, damaged } : { damaged: group };
    } finally {
      await rm(sealed.file, { force: true });
    }
  } finally {
    writer.abort();
  }
}

/** None, unless the name that the pack would have is on its way out. */
function saltFor(group: readonly Share[], view: RemoteView): Buffer | undefined {
  const entries = group.flatMap(({ table, indexes }) => indexes.map((index) => table.entry(index)));
  const table = Buffer.alloc(entries.length * PACK_ENTRY_BYTES);
  entries.forEach((entry, index) => {
    encodePackEntry(table, index * PACK_ENTRY_BYTES, entry);
  });
  const bytes = entries.reduce((sum, { length }) => sum + length, 0);
  const id = packIdOf(encodePackHeader(), table, encodePackTrailer(entries.length, bytes));
  return view.isTaken(packKey(id)) ? randomBytes(PACK_SALT_BYTES) : undefined;
}
