import { OcrpipeError } from '../../base/errors.js';
import type { Stage } from '../definition/stage/stage.js';

/** The longest that a timer can wait. Milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** The commands of a stage took longer than its `timeout`. */
export function stageTimeout({ name, timeoutSeconds = 0 }: Stage): OcrpipeError {
  return new OcrpipeError(
    'stage-timeout',
    `stage '${name}' took longer than its timeout of ${timeoutSeconds} s`,
    {
      hint: `It was ended, and its outputs were not recorded. To give it more time: 'timeout' in pipeline.yaml. What it printed: 'ocrpipe logs ${name}'.`,
    },
  );
}

/** Ends the commands of a stage when its time is over: `signal` is aborted with a `stage-timeout`. Begins with `start`. */
export class TimeLimit {
  readonly #stage: Stage;
  readonly #over = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Again is harmless. */
  start(): void {
    const { timeoutSeconds } = this.#stage;
    if (timeoutSeconds === undefined || this.#timer !== undefined) return;
    const milliseconds = Math.min(LONGEST_MS, timeoutSeconds * 1000);
    this.#timer = setTimeout(() => {
      this.#over.abort(stageTimeout(this.#stage));
    }, milliseconds);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
