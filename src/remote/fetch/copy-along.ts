import { open, rm, type FileHandle } from 'node:fs/promises';
import { systemErrorCode } from '../../base/errors.js';
import { writePoint } from '../../base/write-points.js';
import { writeWhole } from './write-whole.js';

/**
 * A second file that gets the bytes of a download as they arrive. It is no failure if that does not work: whoever wanted it copies the
 * first file.
 */
export class CopyAlong {
  #file: string | undefined;
  #open: FileHandle | undefined;
  #isWhole = false;

  /** `file`: a name that is free. */
  constructor(file: string) {
    this.#file = file;
  }

  async begin(): Promise<void> {
    if (this.#file === undefined) return;
    writePoint();
    try {
      this.#open = await open(this.#file, 'wx');
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
    }
  }

  /** In any order. */
  async write(bytes: Buffer, at: number): Promise<void> {
    try {
      if (this.#open) await writeWhole(this.#open, bytes, at);
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
