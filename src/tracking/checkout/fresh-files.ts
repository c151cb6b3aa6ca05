import { setImmediate, setTimeout } from 'node:timers/promises';
import type { ContentId } from '../../base/content-id.js';
import { LARGE_BLOB_BYTES } from '../../store/format.js';
import type { FileEntry } from '../../store/tree-format.js';
import type { BytePath } from '../byte-path.js';
import { placedStat, type PlaceRequest, type PlaceResult } from './place-files.js';
import type { FileStat } from '../scan/stat-index-format.js';
import type { PlacingThreads } from './placing-threads.js';
import { writeNewFile, type FileSource } from './put-file.js';
import { modeOf, type Work } from './write-files.js';

/** Files that are written by one request, and requests that may be under way before the next is thought of. */
const FILES_PER_REQUEST = 256;
const BYTES_PER_REQUEST = 4 * 1024 * 1024;
const REQUESTS_UNDER_WAY = 8;
/** Whoever waits for other threads goes on so often, to hear signals. */
const BREATH_MS = 50;

/** A file of a folder that nobody else knows yet. */
export interface FreshFile {
  readonly path: BytePath;
  /** Below the directory that is checked out. */
  readonly below: string;
  readonly entry: FileEntry;
}

/** What a fresh directory is written with. */
export interface FreshWriter extends FileSource {
  readonly threads: PlacingThreads;
  /** Runs the writing of a file, and may go on without it. */
  readonly guard: (below: string, write: () => Work<void>) => Work<void>;
  /** Called with files in the order of their names, folder after folder, and how they were written. */
  readonly written: (files: readonly FreshFile[], result: PlaceResult) => void;
  /** Called with each large file. */
  readonly placed: (file: FreshFile, stat: FileStat) => void;
}

/** Writes the files of a fresh directory, the small ones many at a time. Call `finish` when all were added. */
export class FreshFiles {
  readonly #writer: FreshWriter;
  #files: FreshFile[] = [];
  #request = emptyRequest();
  #packs = new Map<ContentId, number>();
  #bytes = 0;
  readonly #underWay = new Set<Promise<void>>();
  /** What is to be done with what was answered. */
  readonly #answers: (() => Work<void>)[] = [];

  constructor(writer: FreshWriter) {
    this.#writer = writer;
  }

  *add(file: FreshFile): Work<void> {
    const { id, size } = file.entry;
    if (size >= LARGE_BLOB_BYTES) {
      yield* this.#addLarge(file);
      return;
    }
    const place = this.#writer.store.locate('blob', id);
    if (place?.in !== 'pack' || place.length !== size) {
      yield* this.#alone(file);
      return;
    }
    const pack = this.#packs.get(place.pack) ?? this.#packs.size;
    this.#packs.set(place.pack, pack);
    this.#request.packs[pack] = place.file;
    this.#request.paths.push(file.path);
    this.#request.ids.push(id);
    this.#request.places.push(pack, place.offset, place.length, modeOf(file.entry));
    this.#files.push(file);
    this.#bytes += size;
    if (this.#files.length >= FILES_PER_REQUEST || this.#bytes >= BYTES_PER_REQUEST) yield* this.#send();
  }

  *finish(): Work<void> {
    yield* this.#send();
    while (this.#underWay.size > 0) yield* this.#wait();
  }

  *#send(): Work<void> {
    const files = this.#files;
    if (files.length === 0) return;
    const placed = this.#writer.threads.place(this.#request);
    this.#files = [];
    this.#request = emptyRequest();
    this.#packs = new Map();
    this.#bytes = 0;
    if (placed instanceof Promise) {
      yield* this.#begin(placed, (result) => this.#written(files, result));
      return;
    }
    yield* this.#written(files, placed);
    // Answers of the threads are heard in between only.
    if (this.#underWay.size > 0) yield setImmediate();
    yield* this.#takeAnswers();
  }

  *#addLarge(file: FreshFile): Work<void> {
    const { large, threads, placed } = this.#writer;
    const request = large.copyOf(file.path, file.entry);
    const copied = request && threads.copy(request, file.entry.size);
    const alone = () => this.#alone(file);
    if (!copied) {
      yield* alone();
      return;
    }
    yield* this.#begin(copied, function* (stat) {
      if (!stat) yield* alone();
      else {
        placed(file, stat);
        yield 1;
      }
    });
  }

  /** Goes on while other threads work, unless they have enough to do. */
  *#begin<T>(answer: Promise<T>, take: (answer: T) => Work<void>): Work<void> {
    const answered: Promise<void> = answer.then((value) => {
      this.#answers.push(() => take(value));
      this.#underWay.delete(answered);
    });
    this.#underWay.add(answered);
    // Whoever waits for it gets its failure; nobody may.
    answered.catch(() => undefined);
    while (this.#underWay.size > REQUESTS_UNDER_WAY) yield* this.#wait();
  }

  /** Until something is answered, or it is time to breathe. */
  *#wait(): Work<void> {
    yield Promise.race([...this.#underWay, setTimeout(BREATH_MS, undefined, { ref: false })]);
    yield* this.#takeAnswers();
  }

  *#takeAnswers(): Work<void> {
    for (const take of this.#answers.splice(0)) yield* take();
  }

  *#written(files: readonly FreshFile[], result: PlaceResult): Work<void> {
    this.#writer.written(files, result);
    let written = files.length;
    for (const [index, file] of files.entries()) {
      if (placedStat(result, index) !== undefined) continue;
      written -= 1;
      yield* this.#alone(file);
    }
    yield written;
  }

  *#alone(file: FreshFile): Work<void> {
    const writer = this.#writer;
    yield* writer.guard(file.below, function* () {
      const stat = yield* writeNewFile(writer, file.path, file.entry);
      if (stat) writer.placed(file, stat);
    });
    yield 1;
  }
}

function emptyRequest(): PlaceRequest {
  return { paths: [], ids: [], packs: [], places: [] };
}
