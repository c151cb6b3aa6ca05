import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import type { AbsPath } from '../../base/paths.js';
import { logFiles, type LogFile } from './log-files.js';

/** Between two looks at whether more was printed. */
const POLL_MS = 200;
const PIECE = 256 * 1024;

export interface ReadLog {
  readonly stateFolder: AbsPath;
  readonly stage: string;
  /** Undefined: the newest. */
  readonly attempt: number | undefined;
  /** Goes on as long as this says that the stage runs, over further attempts where none was named. */
  readonly isRunning: () => boolean;
  readonly onText: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Hands over what attempts of a stage printed, as it is; returns the last one that was read, undefined if there is none. */
export async function readLog(request: ReadLog): Promise<LogFile | undefined> {
  let reader: LogReader | undefined;
  try {
    for (;;) {
      // Asked before reading: what is printed until it ends is not missed.
      const running = request.isRunning();
      const next = nextFile(request, reader?.file);
      if (next !== undefined) {
        reader?.close();
        reader = new LogReader(next);
      }
      reader?.read(request.onText);
      request.signal.throwIfAborted();
      if (next === undefined && !running) return reader?.file;
      if (next === undefined) await delay(POLL_MS, undefined, { signal: request.signal });
    }
  } catch (error) {
    throw request.signal.aborted ? request.signal.reason : error;
  } finally {
    reader?.close();
  }
}

/** The log to read after `current`. */
function nextFile(
  { stateFolder, stage, attempt }: ReadLog,
  current: LogFile | undefined,
): LogFile | undefined {
  const files = logFiles(stateFolder, stage);
  if (current === undefined)
    return attempt === undefined ? files.at(-1) : files.find((file) => file.attempt === attempt);
  return attempt === undefined ? files.find((file) => file.attempt > current.attempt) : undefined;
}

/** A file that may grow while it is read. */
class LogReader {
  readonly file: LogFile;
  readonly #fd: number;
  readonly #decoder = new StringDecoder('utf8');
  readonly #piece = Buffer.alloc(PIECE);

  constructor(file: LogFile) {
    this.file = file;
    this.#fd = openSync(file.path, 'r');
  }

  /** All that was written since the last time. */
  read(onText: (text: string) => void): void {
    for (;;) {
      const size = readSync(this.#fd, this.#piece);
      if (size === 0) return;
      onText(this.#decoder.write(this.#piece.subarray(0, size)));
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
