import { statSync } from 'node:fs';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { suggest } from '../base/nearest.js';
import { logFiles, loggedStages } from '../pipeline/run/log-files.js';
import { readLog } from '../pipeline/run/read-log.js';
import { Workspace } from '../project/workspace.js';

export interface LogsInput {
  /** A stage, or the path of one of its outputs. */
  readonly target: string;
  /** Undefined: the newest. */
  readonly attempt: number | undefined;
  /** Goes on while the stage runs. */
  readonly follow: boolean;
  /** Takes what the stage printed, as it is. */
  readonly onText: (text: string) => void;
}

export interface LogsResult {
  readonly stage: string;
  /** The one that was shown. */
  readonly attempt: number;
  readonly running: boolean;
  /** Those that are kept, oldest first; `written`: when something was last printed, ISO 8601. */
  readonly attempts: readonly { attempt: number; path: string; bytes: number; written: string }[];
}

/** Hands over what a stage printed. Throws `no-log` where nothing is kept. */
export async function logs(input: LogsInput, call: Call): Promise<LogsResult> {
  const workspace = Workspace.open(call, 'ocrpipe logs');
  try {
    const { stateFolder } = workspace;
    const stage = stageOf(workspace, input.target);
    const { attempt, follow, onText } = input;
    const isRunning = (): boolean => follow && workspace.isStageTaken(stage);
    const request = { stateFolder, stage, attempt, isRunning, onText, signal: call.signal };
    const shown = await readLog(request);
    const attempts = logFiles(stateFolder, stage).map((file) => ({ ...file, ...about(file.path) }));
    if (shown === undefined) throw noLog(workspace, stage, { attempt, kept: attempts });
    return { stage, attempt: shown.attempt, running: workspace.isStageTaken(stage), attempts };
  } finally {
    workspace.close();
  }
}

function stageOf(workspace: Workspace, target: string): string {
  if (logFiles(workspace.stateFolder, target).length > 0) return target;
  return workspace.stageOf(workspace.path(target)) ?? target;
}

function about(path: string): { bytes: number; written: string } {
  const { size, mtime } = statSync(path);
  return { bytes: size, written: mtime.toISOString() };
}

function noLog(
  { stateFolder }: Workspace,
  stage: string,
  { attempt, kept }: { attempt: number | undefined; kept: LogsResult['attempts'] },
) {
  if (attempt !== undefined && kept.length > 0) {
    const numbers = kept.map((each) => each.attempt).join(', ');
    return userError('no-log', `what attempt ${attempt} of stage '${stage}' printed is not kept`, {
      hint: `There are attempts ${numbers}; '--attempt ${kept.at(-1)!.attempt}' is the last one.`,
    });
  }
  const known = loggedStages(stateFolder);
  const others = known.length === 0 ? 'No stage has run here yet.' : suggest(stage, known);
  return userError('no-log', `nothing is kept of what stage '${stage}' printed: it has not run here`, {
    hint: `${others} 'ocrpipe repro' runs stages.`,
  });
}
