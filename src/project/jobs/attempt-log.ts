import { OcrpipeError } from '../../base/errors.js';
import type { RemoteJob } from '../../remote/jobs/remote-job.js';

/** Between two pieces: soon for who watches a job begin, and seldom for one that prints for days. Milliseconds. */
const FIRST_MS = 500;
const LONGEST_MS = 10_000;
const GROWTH = 1.3;
/** The longest piece, and the most that waits for a remote that is away; what is beyond it is left out. Bytes. */
const PIECE_BYTES = 1024 * 1024;
const WAITING_BYTES = 16 * PIECE_BYTES;

/** What a job prints, on its way to the remote in pieces that are numbered from 0. */
export class AttemptLog {
  readonly #attempt: RemoteJob;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #leftOut = 0;
  #next = 0;
  #pauseMs = FIRST_MS;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(attempt: RemoteJob) {
    this.#attempt = attempt;
  }

  write(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#bytes + bytes.length > WAITING_BYTES) {
      this.#leftOut += bytes.length;
      return;
    }
    this.#sayLeftOut();
    this.#add(bytes);
    this.#timer ??= setTimeout(() => {
      this.#sending = this.#flush().catch(ifOurs);
    }, this.#pauseMs);
  }

  /** Sends what is left. Throws what the remote refuses it with; again is harmless. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#sending;
    this.#sayLeftOut();
    await this.#send();
  }

  async #flush(): Promise<void> {
    this.#pauseMs = Math.min(LONGEST_MS, this.#pauseMs * GROWTH);
    try {
      await this.#send();
    } finally {
      this.#timer = undefined;
    }
  }

  /** What could not be sent waits for the next time. */
  async #send(): Promise<void> {
    while (this.#bytes > 0) {
      const all = Buffer.concat(this.#waiting);
      const piece = all.subarray(0, PIECE_BYTES);
      await this.#attempt.putPiece(this.#next, piece);
      this.#next += 1;
      this.#bytes -= piece.length;
      // More may have come meanwhile.
      const rest = Buffer.concat(this.#waiting).subarray(piece.length);
      this.#waiting = rest.length > 0 ? [rest] : [];
    }
  }

  #sayLeftOut(): void {
    if (this.#leftOut === 0) return;
    this.#add(
      Buffer.from(`[${this.#leftOut} bytes are left out here: the remote did not take them in time]\n`),
    );
    this.#leftOut = 0;
  }

  #add(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
  }
}

/** The remote is tried again with the next piece, and when the commands have ended. */
function ifOurs(error: unknown): void {
  if (!(error instanceof OcrpipeError)) throw error;
}
