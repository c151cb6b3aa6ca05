import { readdirSync, readFileSync, rmSync, statSync, type BigIntStats } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { ContentId } from '../../base/content-id.js';
import { PackedStrings } from '../../base/packed-strings.js';
import type { UprightSize } from '../images/load.js';
import { sharp } from '../images/sharp.js';

/** What is remembered of an image that was decoded to its end. */
export interface KnownImage {
  upright: UprightSize;
  id: ContentId;
}

/** The same, with what told its file. */
export interface StampedImage extends KnownImage {
  stamp: string;
}

/** In place of the constants. */
interface ForTests {
  settledMs?: number;
  least?: number;
}

/** Fewer images are looked at again in less than a second. */
const WORTH_REMEMBERING = 1000;
/** A file whose times are younger may be written once more without another stat, where clocks are coarse. */
const SETTLED_MS = 3000;
const KEPT_DAYS = 90;
const DAY_MS = 86_400_000;
/** Another version of the library may read other files. */
const HEAD = JSON.stringify({ 'ocrpipe-known-images': 1, reader: sharp.versions });

/**
 * Images that an earlier run decoded, told by path, size, times and inode: as long as these are the same, the file is not decoded
 * to see whether it can be read. It holds for one set of images; what is not looked for is forgotten. Nothing depends on it but time.
 */
export class KnownImages {
  readonly #file: string;
  /** As they were read; there may be very many. */
  readonly #lines = new PackedStrings();
  /** The place of a file's line. */
  readonly #before = new Map<string, number>();
  /** What was noted in this run: a new line, or the place of one that still holds. */
  readonly #now: (string | number)[] = [];
  readonly #least: number;
  /** Files whose times are younger have no stamp. */
  readonly settledMs: number;
  #isNew = false;

  /** Reads what `file` holds; one that is damaged, or of another version, holds nothing. */
  constructor(file: string, { settledMs = SETTLED_MS, least = WORTH_REMEMBERING }: ForTests = {}) {
    this.#file = file;
    this.#least = least;
    this.settledMs = settledMs;
    for (const line of linesOf(file)) {
      const entry = entryOf(line);
      if (entry) this.#before.set(entry.file, this.#lines.push(line));
    }
  }

  /** What is known of the file, if it still has this stamp. */
  find(file: string): StampedImage | undefined {
    const place = this.#before.get(file);
    return place === undefined ? undefined : entryOf(this.#lines.get(place))?.image;
  }

  /** The stamp must be older than the bytes that were decoded. */
  note(file: string, { stamp, upright, id }: KnownImage & { stamp: string | undefined }): void {
    if (stamp === undefined) return;
    const line = JSON.stringify([file, stamp, upright.heightPx, upright.widthPx, id]);
    const place = this.#before.get(file);
    const isSame = place !== undefined && this.#lines.get(place) === line;
    this.#isNew ||= !isSame;
    this.#now.push(isSame ? place : line);
  }

  /** Where it cannot be written the next run takes longer, and that is all. */
  save(): void {
    if (!this.#isNew || this.#now.length < this.#least) return;
    try {
      const lines = this.#now.map((line) => (typeof line === 'number' ? this.#lines.get(line) : line));
      writeFileAtomic(this.#file, `${[HEAD, ...lines].join('\n')}\n`);
      removeOld(dirname(this.#file));
    } catch {
      // Said above.
    }
  }
}

/** What tells whether a file is the one that was read; undefined for one that is too young to tell, or no file. */
export function stampOf(file: string, settledMs: number): string | undefined {
  const stat = statOf(file);
  if (!stat?.isFile()) return undefined;
  const youngest = stat.mtimeMs > stat.ctimeMs ? stat.mtimeMs : stat.ctimeMs;
  if (Number(youngest) > Date.now() - settledMs) return undefined;
  return [stat.size, stat.mtimeNs, stat.ctimeNs, stat.ino, stat.dev].join(' ');
}

function statOf(file: string): BigIntStats | undefined {
  try {
    return statSync(file, { bigint: true });
  } catch {
    return undefined; // Whoever reads the file will say why.
  }
}

function* linesOf(file: string): Generator<string> {
  const bytes = bytesOf(file);
  let start = 0;
  for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
    const line = bytes.toString('utf8', start, end);
    if (start > 0) yield line;
    else if (line !== HEAD) return;
    start = end + 1;
  }
}

const LINE_END = 10;

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

function entryOf(line: string): { file: string; image: StampedImage } | undefined {
  try {
    const entry = JSON.parse(line) as [string, string, number, number, ContentId];
    const [file, stamp, heightPx, widthPx, id] = entry;
    return { file, image: { stamp, upright: { heightPx, widthPx }, id } };
  } catch {
    return undefined;
  }
}

function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).mtimeMs < Date.now() - KEPT_DAYS * DAY_MS) rmSync(path, { force: true });
  }
}
