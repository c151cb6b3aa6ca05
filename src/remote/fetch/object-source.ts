import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import type { ObjectKind } from '../../store/format.js';
import type { PackTable } from '../../store/pack-format.js';
import { packKey } from '../../store/format.js';
import type { PlannedRange } from './range-plan.js';
import { SEND_AGAIN } from '../backends/remote-errors.js';
import { readInto, type ByteRange, type Remote } from '../backends/remote.js';
import type { RemotePlace, RemoteView } from '../catalog/view.js';

/** An object and what it is called in messages. */
export interface WantedObject {
  kind: ObjectKind;
  id: ContentId;
  /** The tracked path that needs it. */
  name: string;
}

type Named = Pick<Remote, 'where'>;

/** Wrong bytes are read so often before the object is refused: a bad connection is told from a bad file. */
const READS = 2;

/** Reads verified objects from the packs of a remote. */
export class ObjectSource {
  /** What was met damaged, in every copy, and passed over. */
  readonly damaged: OcrpipeError[] = [];
  readonly #remote: Remote;
  readonly #view: RemoteView;
  readonly #signal: AbortSignal;

  constructor(remote: Remote, view: RemoteView, signal: AbortSignal) {
    this.#remote = remote;
    this.#view = view;
    this.#signal = signal;
  }

  /** The place of an object; throws `object-missing` if the remote does not have it. */
  place(wanted: WantedObject): RemotePlace {
    const place = this.#view.find(wanted.kind, wanted.id);
    if (place !== undefined) return place;
    throw new OcrpipeError(
      'object-missing',
      `the ${wanted.kind} ${wanted.id} of ${wanted.name} is neither here nor on ${this.#remote.where}`,
      { hint: "Run 'ocrpipe push' in the workspace that has it, or name another remote with --remote." },
    );
  }

  /** The sound objects of one range, each verified, in its order. `nameOf` says what an id is called in messages. */
  async *readRange(
    table: PackTable,
    range: PlannedRange,
    nameOf: (id: ContentId) => string,
  ): AsyncGenerator<{ kind: ObjectKind; id: ContentId; bytes: Buffer }> {
    const bytes = await this.#bytesOf(packKey(table.packId), range);
    for (const index of range.indexes) {
      const { kind, id, offset, length } = table.entry(index);
      const slice = bytes?.subarray(offset - range.start, offset - range.start + length);
      const sound = slice !== undefined && contentIdOf(slice) === id;
      const found = sound ? slice : await this.#readAgain({ kind, id, name: nameOf(id) });
      if (found) yield { kind, id, bytes: found };
    }
  }

  /** One object by itself: from every copy that the remote has, more than once each. Undefined, and noted, if all are damaged. */
  async #readAgain(wanted: WantedObject): Promise<Buffer | undefined> {
    const { kind, id } = wanted;
    const places = this.#view.findAll(kind, id);
    for (const place of places) {
      const start = place.in === 'pack' ? place.offset : 0;
      for (let read = 0; read < READS; read += 1) {
        const bytes = await this.#bytesOf(place.key, { start, end: start + place.length });
        if (bytes !== undefined && contentIdOf(bytes) === id) return bytes;
      }
    }
    this.damaged.push(remoteObjectDamaged(this.#remote, wanted, places[0]?.key ?? 'its pack'));
    return undefined;
  }

  /** Undefined if the file is shorter than its catalog says; `remote-file-gone` if it is not there. */
  async #bytesOf(key: string, range: ByteRange): Promise<Buffer | undefined> {
    const { start, end } = range;
    const bytes = Buffer.allocUnsafe(end - start);
    try {
      const asked = { range: { start, end }, into: bytes, signal: this.#signal };
      const download = await this.#remote.get(key, asked);
      if (download === undefined) throw fileGone(this.#remote, key);
      await readInto(download, bytes);
      return bytes;
    } catch (error) {
      if (error instanceof OcrpipeError && error.code === 'remote-range') return undefined;
      throw error;
    }
  }
}

/** A file that a catalog names is not there: it may have been joined into another since the listing. */
export function fileGone(remote: Named, key: string): OcrpipeError {
  return new OcrpipeError('remote-file-gone', `${key} is no longer on ${remote.where}`, {
    hint: SEND_AGAIN,
  });
}

/** The bytes on the remote are not those of the id, however often they are read. */
export function remoteObjectDamaged(remote: Named, wanted: WantedObject, key: string): OcrpipeError {
  return damagedThere(remote, wanted, { key, reason: 'its bytes have another hash' });
}

/** The file of a large object is shorter than its catalog says. */
export function remoteObjectCut(remote: Named, wanted: WantedObject, key: string): OcrpipeError {
  return damagedThere(remote, wanted, { key, reason: 'it is shorter than its catalog says' });
}

function damagedThere(
  { where }: Named,
  { kind, id, name }: WantedObject,
  { key, reason }: { key: string; reason: string },
): OcrpipeError {
  return new OcrpipeError(
    'object-damaged',
    `the ${kind} ${id} of ${name} is damaged in ${key} on ${where}: ${reason}`,
    { hint: `Nothing of it was stored. ${SEND_AGAIN}` },
  );
}
