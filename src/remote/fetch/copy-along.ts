import { rm } from 'node:fs/promises';
import { systemErrorCode } from '../../base/errors.js';
import { writePoint } from '../../base/write-points.js';
import type { DiskSpeed } from './disk-speed.js';
import { DownloadFile } from './download-file.js';

/**
 * A second file that gets the bytes of a download as they arrive. It is no failure if that does not work: whoever wanted it copies the
 * first file.
 */
export class CopyAlong {
  readonly #disk: DiskSpeed;
  #file: string | undefined;
  #open: DownloadFile | undefined;
  #isWhole = false;

  /** `file`: a name that is free; `disk`: of all such files of a command. */
  constructor(file: string, disk: DiskSpeed) {
    this.#file = file;
    this.#disk = disk;
  }

  async begin(): Promise<void> {
    if (this.#file === undefined) return;
    writePoint();
    try {
      this.#open = await DownloadFile.open(this.#file, { pastCache: true, second: this.#disk });
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
    }
  }

  /** Adds bytes, which begin with a page of memory. */
  async append(bytes: Buffer): Promise<void> {
    try {
      await this.#open?.append(bytes);
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      await this.drop();
    }
  }

  /** No more bytes come. */
  async end(): Promise<void> {
    this.#isWhole = this.#open !== undefined;
    await this.#close();
  }

  /** True if it was begun at the first byte and everything up to the last was written. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** The name of the file, which is the caller's from now on. */
  handOver(): string {
    const file = this.#file!;
    this.#file = undefined;
    return file;
  }

  /** Removes it, unless it was handed over; it can be begun again. */
  async drop(): Promise<void> {
    this.#isWhole = false;
    await this.#close();
    if (this.#file !== undefined) await rm(this.#file, { force: true });
  }

  async #close(): Promise<void> {
    const file = this.#open;
    this.#open = undefined;
    await file?.close();
  }
}
