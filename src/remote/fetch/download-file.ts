import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { systemErrorCode } from '../../base/errors.js';
import type { DiskSpeed } from './disk-speed.js';
import { writeWhole } from './write-whole.js';

/** So much is left to the system to be written when it likes. */
const FLUSHED_BYTES = 64 * 1024 * 1024;
/** What goes past the cache comes in multiples of this, from an address that is one: no common disk has larger blocks. */
const BLOCK_BYTES = 4096;

export interface DownloadFileOptions {
  /** For a file that is empty. */
  pastCache: boolean;
  /**
   * The file must not be there yet, and somebody else has its bytes, too: nothing of it is flushed, and it goes past the cache while the
   * disk is quick.
   */
  second?: DiskSpeed;
}

/**
 * A file that a download is written to, from front to end, and flushed along the way, so that little is left to be waited for by
 * who names it. Past the system's cache, where that is asked for and the file system can, it costs a tenth of the CPU time; whoever reads the file
 * next then waits for the disk.
 */
export class DownloadFile {
  readonly #file: FileHandle;
  readonly #disk: DiskSpeed | undefined;
  #past: FileHandle | undefined;
  #end = 0;
  #appended = Promise.resolve();
  #unflushed = 0;
  #flushing: Promise<void> | undefined;
  #error: unknown;

  private constructor(file: FileHandle, past: FileHandle | undefined, disk: DiskSpeed | undefined) {
    this.#file = file;
    this.#past = past;
    this.#disk = disk;
  }

  /** Opens a file to add to it. */
  static async open(path: string, { pastCache, second }: DownloadFileOptions): Promise<DownloadFile> {
    const file = await open(path, second ? 'ax' : 'a');
    return new DownloadFile(file, pastCache ? await openPast(path) : undefined, second);
  }

  /** Adds bytes, which begin with a page of memory, after those of earlier calls; nothing after one that failed. */
  append(bytes: Buffer): Promise<void> {
    this.#appended = this.#appended.then(() => this.#append(bytes));
    return this.#appended;
  }

  async #append(bytes: Buffer): Promise<void> {
    const past = await this.#writePast(bytes);
    if (past === bytes.length) return;
    await writeWhole(this.#file, bytes.subarray(past));
    if (this.#disk) return;
    this.#unflushed += bytes.length - past;
    if (this.#unflushed < FLUSHED_BYTES || this.#flushing) return;
    this.#unflushed = 0;
    this.#flushing = this.#flush();
  }

  async close(): Promise<void> {
    await this.#appended.catch(() => undefined);
    await this.#flushing;
    await this.#past?.close();
    await this.#file.close();
  }

  /** The system says once only that what was written could not be kept. */
  throwIfUnflushed(): void {
    if (this.#error !== undefined) throw this.#error as Error;
  }

  /** How many of the bytes were written, which is none where it does not work: what follows a rest cannot go that way either. */
  async #writePast(bytes: Buffer): Promise<number> {
    if (this.#disk?.isQuick === false) await this.#givePastUp();
    if (this.#past === undefined) return 0;
    const whole = bytes.length - (bytes.length % BLOCK_BYTES);
    const isLast = whole < bytes.length;
    const written = await this.#tryPast(bytes.subarray(0, whole));
    this.#end += written;
    if (written < whole || isLast) await this.#givePastUp();
    return written;
  }

  async #tryPast(bytes: Buffer): Promise<number> {
    try {
      if (bytes.length === 0) return 0;
      const write = async (): Promise<number> =>
        (await this.#past!.write(bytes, 0, bytes.length, this.#end)).bytesWritten;
      return await (this.#disk?.measured(write) ?? write());
    } catch (error) {
      // Its blocks are larger, or the file system has thought better of it.
      if (systemErrorCode(error) !== 'EINVAL') throw error;
      return 0;
    }
  }

  async #givePastUp(): Promise<void> {
    const past = this.#past;
    this.#past = undefined;
    await past?.close();
  }

  async #flush(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (error) {
      this.#error ??= error;
    } finally {
      this.#flushing = undefined;
    }
  }
}

/** Undefined where the file system, or the system, has no such way. */
async function openPast(path: string): Promise<FileHandle | undefined> {
  const { O_DIRECT, O_WRONLY } = constants as Partial<typeof constants>;
  if (O_DIRECT === undefined) return undefined;
  try {
    return await open(path, O_WRONLY! | O_DIRECT);
  } catch (error) {
    if (systemErrorCode(error) !== 'EINVAL') throw error;
    return undefined;
  }
}
