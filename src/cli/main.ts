import { fileURLToPath } from 'node:url';
import { flush, run, settings } from '@oclif/core';
import { reportError } from './error-report.js';
import { globalFlagsLast } from './global-flags.js';

/**
 * Runs one command line (`argv` without node and script) of the package at `root`, and ends the process with its exit
 * code. Everything that goes wrong anywhere is worded here, once.
 */
export async function main(argv: readonly string[], root: URL): Promise<never> {
  settings.enableAutoTranspile = false;
  const readerGone = readerGoesAway();
  const exitCode = await exitCodeOf(argv, root);
  // A pipe without a reader never drains.
  await Promise.race([flush(), readerGone]);
  // Idle sockets and worker threads of libraries must not keep a finished command alive.
  process.exit(exitCode);
}

async function exitCodeOf(argv: readonly string[], root: URL): Promise<number> {
  try {
    await run(globalFlagsLast(argv), fileURLToPath(root));
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    return reportError(error, argv);
  }
}

/**
 * `ocrpipe diff | head` closes our output early: what is left to say has no reader, and that is no failure. Settles when
 * that happens.
 */
function readerGoesAway(): Promise<void> {
  return new Promise((resolve) => {
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE') throw error;
        resolve();
      });
    }
  });
}
