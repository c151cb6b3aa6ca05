import type { OcrpipeError } from '../../base/errors.js';
import type { AbsPath } from '../../base/paths.js';
import type { ExplainedReason } from '../staleness/explain.js';
import type { DifferingOutput } from './determinism.js';
import { StageFailed } from './run-stage.js';

export interface ReproRequest {
  /** Stage names or paths of outputs; none: all stages. */
  readonly targets: readonly string[];
  readonly cwd: AbsPath;
  readonly reach: 'upstream' | 'downstream' | 'pipeline';
  /** Run the named targets (all that are chosen, where none is named or a reach was asked for) whatever their state. */
  readonly force: boolean;
  readonly dryRun: boolean;
  /** How many stages run at once; undefined: as many as there are cores. */
  readonly jobs: number | undefined;
  readonly keepGoing: boolean;
  /** After a failure, end what runs. Otherwise it is waited for, and nothing more is started unless `keepGoing` says so. */
  readonly failFast: boolean;
  /** False: no result is restored from run records. */
  readonly runCache: boolean;
  /** False: outputs are neither stored nor recorded. */
  readonly commit: boolean;
  /** What is not here at all counts as what its pointer names, and only what stages that run read is put in place. */
  readonly allowMissing?: boolean;
  /** The stages that `force` would run are run twice, or once more if they are up to date, and their results compared. */
  readonly checkDeterminism?: boolean;
}

export type StageAction = 'ran' | 'restored' | 'fresh' | 'frozen' | 'failed' | 'skipped';

/** How one stage fared; in a dry run, how it would fare. */
export interface StageReport {
  readonly name: string;
  readonly action: StageAction;
  /** In a dry run with what they come down to. */
  readonly reasons: readonly ExplainedReason[];
  readonly seconds: number;
  /** Of a failed stage. */
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
  /** The end of what a failed stage printed. */
  readonly lastLines?: readonly string[];
  /** Of a stage that was run again to be compared. */
  readonly deterministic?: boolean;
  /** The outputs that the second run made differently. */
  readonly differing?: readonly DifferingOutput[];
}

export interface ReproResult {
  readonly dryRun: boolean;
  /** In the order of the graph. */
  readonly stages: readonly StageReport[];
}

/** What a report says of a failure. */
export function failure(error: OcrpipeError): Pick<StageReport, 'error' | 'lastLines'> {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
    },
    ...(error instanceof StageFailed && { lastLines: error.lastLines }),
  };
}
