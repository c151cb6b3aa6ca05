import { delimiter } from 'node:path';
import { fromRepoPath, type AbsPath } from '../../base/paths.js';
import type { CommandResult, OutputPart } from '../../pipeline/executors/executor.js';
import type { RemoteDescription } from '../../pipeline/executors/remote/description.js';
import { runCommands } from '../../pipeline/executors/run-commands.js';
import { ocrpipeFolder } from '../../pipeline/run/installation.js';
import { LineSplitter } from '../../pipeline/run/line-splitter.js';
import { SecretMask } from '../../pipeline/run/secret-mask.js';
import { ROOT_VARIABLE, STAGE_VARIABLE } from '../../pipeline/stage-variables.js';
import { STATE_FOLDER } from '../find-workspace.js';

/** Runs the commands of a job in its workspace. What they print comes in whole lines, without the values of secrets. */
export async function runStageOf(
  description: RemoteDescription,
  { root, write, signal }: { root: AbsPath; write: (text: string) => void; signal: AbortSignal },
): Promise<CommandResult> {
  const mask = SecretMask.ofNames(description.secrets);
  const splitter = (): LineSplitter =>
    new LineSplitter((line, live) => {
      write(`${line}${live ? '\r' : '\n'}`);
    }, mask);
  const splitters: Record<OutputPart['stream'], LineSplitter> = { stdout: splitter(), stderr: splitter() };
  try {
    return await runCommands({
      run: description.input.run,
      cwd: fromRepoPath(root, description.input.wdir),
      env: environmentOf(description, root),
      onStart: () => undefined,
      onOutput: ({ stream, bytes }) => {
        splitters[stream].push(bytes);
      },
      signal,
    });
  } finally {
    splitters.stdout.end();
    splitters.stderr.end();
  }
}

/** That of the node, secrets included, with what the stage declares. */
function environmentOf(
  { environment, stage }: RemoteDescription,
  root: AbsPath,
): Record<string, string | undefined> {
  const path = [ocrpipeFolder(`${root}/${STATE_FOLDER}` as AbsPath), process.env['PATH'] ?? ''];
  return {
    ...process.env,
    ...environment,
    PATH: path.join(delimiter),
    [STAGE_VARIABLE]: stage,
    [ROOT_VARIABLE]: root,
  };
}
