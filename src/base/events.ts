/**
 * What happens while a command runs, as data. Code below `cli/` emits these to a sink it was handed and never words or
 * prints anything; `cli/` renders them as lines, a live view or NDJSON.
 */
export type OcrpipeEvent =
  | { type: 'note'; level: 'info' | 'warning'; code: string; message: string }
  /** Work of known or unknown size. `key` names one such piece of work, e.g. 'hash data/raw' or 'upload'. */
  | {
      type: 'progress';
      key: string;
      done: number;
      total?: number;
      unit: 'files' | 'bytes' | 'objects' | 'steps';
      detail?: string;
    }
  | { type: 'progress-end'; key: string }
  /** A lock is held by somebody else; shown once, then again when the holder changes. */
  | { type: 'waiting'; what: string; holder: string; sinceSeconds: number }
  /** Stages are about to be brought up to date, `jobs` at once at most; each comes after those of `after`. */
  | { type: 'schedule'; stages: readonly { stage: string; after: readonly string[] }[]; jobs: number }
  /** A stage has to run, and finds no slot in these pools; again when they are others. */
  | { type: 'stage-waiting'; stage: string; pools: readonly string[] }
  | { type: 'stage-start'; stage: string; reasons: readonly string[] }
  /** `live`: the stage writes its next line over this one. */
  | { type: 'stage-output'; stage: string; stream: 'stdout' | 'stderr'; line: string; live?: true }
  /** An attempt (counted from 1) failed; the stage is run once more after so many seconds. */
  | {
      type: 'stage-retry';
      stage: string;
      attempt: number;
      seconds: number;
      error: { code: string; message: string };
    }
  | {
      type: 'stage-end';
      stage: string;
      action: 'ran' | 'restored' | 'fresh' | 'frozen' | 'failed' | 'skipped';
      seconds: number;
    };

export type EventSink = (event: OcrpipeEvent) => void;

/** For callers that want silence. */
export const noEvents: EventSink = () => undefined;
