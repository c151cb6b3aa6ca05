import { fileURLToPath } from 'node:url';
// Loaded here already for what it does to stdout as it is loaded: see `watchOutput`.
import '@oclif/core/command';
import { run } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { reportError } from './error-report.js';
import { globalFlagsLast } from './global-flags.js';
import { reportOutputFailure } from './output-failure.js';
import { watchOutput } from './output.js';

/**
 * Runs one command line (`argv` without node and script) of the package at `root`, and ends the process with its exit
 * code. Everything that goes wrong anywhere is worded here, once.
 */
export async function main(argv: readonly string[], root: URL): Promise<never> {
  settings.enableAutoTranspile = false;
  const output = watchOutput();
  const exitCode = await exitCodeOf(argv, root);
  await output.finished();
  const failure = output.failure();
  if (failure) reportOutputFailure(failure);
  // Idle sockets and worker threads of libraries must not keep a finished command alive.
  process.exit(failure && exitCode === 0 ? 1 : exitCode);
}

async function exitCodeOf(argv: readonly string[], root: URL): Promise<number> {
  try {
    // No commands but our own: oclif would look for plugins in the user's home otherwise.
    await run(globalFlagsLast(argv), { root: fileURLToPath(root), userPlugins: false, devPlugins: false });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    return reportError(error, argv);
  }
}
