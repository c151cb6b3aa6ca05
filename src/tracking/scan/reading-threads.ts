import { setImmediate } from 'node:timers/promises';
import { ThreadPool } from '../../base/thread-pool.js';
import type { ByteName } from '../../store/byte-name.js';
import type { HashedBlob } from '../../store/store-writer.js';
import { joinBytes, type BytePath } from '../byte-path.js';
import { filesRead, readFiles, type ReadIds, type ReadRequest } from './read-files.js';
import { ReadRoom, ROOM_FILES, type FileRead } from './read-room.js';

/** So many files are read by the calling thread before others are started. */
const FEW_FILES = 1000;
/** What one request asks for: a millisecond's work or two. */
const BATCH_BYTES = 1024 * 1024;
/** Batches that are being read, or wait for those before them. */
const ROOMS = 16;

/** A request to read into the room of this number. */
export interface RoomRequest extends ReadRequest {
  readonly room: number;
}

/** Small files of one folder, which is relative to the root. */
export interface FilesToRead {
  readonly folder: BytePath;
  readonly names: readonly ByteName[];
  /** See {@link ReadRequest}. */
  readonly settledBefore: number;
}

/** What becomes of the files of a batch that could be read: called with them in their order, and with their bytes in the same. */
export type Keep = (files: readonly HashedBlob[], bytes: Uint8Array) => void;

/** Names that one thread reads, and the number of the room that it reads them into. */
interface Batch {
  readonly names: readonly ByteName[];
  readonly room: number;
  ids?: ReadIds;
  /** Absent: the calling thread has read them. */
  answer?: Promise<void>;
}

/**
 * Reads small files and computes their ids, on other threads as soon as there are many; the calling thread reads as well where it
 * would only wait for them. End it with `close`.
 */
export class ReadingThreads {
  readonly #root: BytePath;
  readonly #rooms = new Map<number, ReadRoom>();
  readonly #free = Array.from({ length: ROOMS }, (_each, room) => room);
  #pool: ThreadPool<RoomRequest, ReadIds> | undefined;
  #files = 0;
  #bytes = 0;

  constructor(root: BytePath) {
    this.#root = root;
  }

  /** The files of one folder, in their order, batch after batch; undefined for one that is not small, or could not be read. */
  async *read(
    wanted: FilesToRead,
    keep: Keep | undefined,
  ): AsyncGenerator<readonly (FileRead | undefined)[]> {
    const order = new Order(wanted, this.#root, keep !== undefined);
    for (let batch = await this.#next(order); batch; batch = await this.#next(order)) {
      const room = this.#room(batch.room);
      const read = filesRead(batch.ids, room);
      keep?.(
        read.filter((file) => file !== undefined),
        room.bytes,
      );
      this.#count(read);
      this.#free.push(batch.room);
      const rest = batch.names.slice(read.length);
      if (rest.length > 0) order.underWay.unshift(this.#readHere(order, rest));
      yield read;
    }
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }

  /** The batch whose turn it is, when it was read; undefined at the end. */
  async #next(order: Order): Promise<(Batch & { ids: ReadIds }) | undefined> {
    for (;;) {
      while (this.#mayAsk(order)) order.underWay.push(this.#ask(order, order.take(this.#batchFiles)));
      const [first] = order.underWay;
      if (first?.ids !== undefined) {
        order.underWay.shift();
        return { ...first, ids: first.ids };
      }
      if (!order.isAllBegun && this.#free.length > 0) {
        order.underWay.push(this.#readHere(order, order.take(this.#batchFiles)));
        // Answers of the threads are heard in between only.
        await setImmediate();
      } else if (first) await first.answer;
      else return undefined;
    }
  }

  #mayAsk(order: Order): boolean {
    if (order.isAllBegun || this.#files <= FEW_FILES || this.#free.length === 0) return false;
    return !this.#threads.isBusy;
  }

  get #threads(): ThreadPool<RoomRequest, ReadIds> {
    const shared = () => Array.from({ length: ROOMS }, (_each, room) => this.#room(room).shared);
    return (this.#pool ??= new ThreadPool('read-files-worker', { callerWorks: true, workerData: shared() }));
  }

  #room(number: number): ReadRoom {
    const room = this.#rooms.get(number) ?? new ReadRoom();
    this.#rooms.set(number, room);
    return room;
  }

  #ask(order: Order, names: readonly ByteName[]): Batch {
    const batch: Batch = { names, room: this.#free.pop()! };
    batch.answer = this.#threads.run({ ...requestOf(order, names), room: batch.room }).then((ids) => {
      batch.ids = ids;
    });
    // It is awaited in its turn; until then nobody else hears of a failure.
    batch.answer.catch(() => undefined);
    return batch;
  }

  #readHere(order: Order, names: readonly ByteName[]): Batch {
    const room = this.#free.pop()!;
    return { names, room, ids: readFiles(requestOf(order, names), this.#room(room)) };
  }

  get #batchFiles(): number {
    const usual = (this.#bytes + 1) / (this.#files + 1);
    return Math.max(1, Math.min(ROOM_FILES, Math.floor(BATCH_BYTES / usual)));
  }

  #count(read: readonly (FileRead | undefined)[]): void {
    this.#files += read.length;
    for (const file of read) this.#bytes += file?.size ?? 0;
  }
}

/** The files of one call: those that nobody reads yet, and those that are under way. */
class Order {
  /** Absolute. */
  readonly folder: BytePath;
  readonly settledBefore: number;
  readonly keep: boolean;
  /** In the order of their names. */
  readonly underWay: Batch[] = [];
  readonly #names: readonly ByteName[];
  #begun = 0;

  constructor({ folder, names, settledBefore }: FilesToRead, root: BytePath, keep: boolean) {
    this.folder = folder === '' ? root : joinBytes(root, folder);
    this.settledBefore = settledBefore;
    this.keep = keep;
    this.#names = names;
  }

  get isAllBegun(): boolean {
    return this.#begun === this.#names.length;
  }

  take(most: number): readonly ByteName[] {
    const from = this.#begun;
    this.#begun = Math.min(this.#names.length, from + most);
    return this.#names.slice(from, this.#begun);
  }
}

function requestOf({ folder, settledBefore, keep }: Order, names: readonly ByteName[]): ReadRequest {
  return { folder, names: names.join('/'), settledBefore, keep };
}
