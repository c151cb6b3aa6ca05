/** What becomes of stdout and stderr while a command runs. */
export interface Output {
  /** Settles when all of stdout is written, or cannot be: a pipe without a reader never drains. */
  finished: () => Promise<void>;
  /** Why stdout could not be written; undefined if it could, or if nobody reads it any more. */
  failure: () => Error | undefined;
}

/**
 * Watches both streams from now on. `ocrpipe diff | head` closes our output early: what is left to say has no reader, and
 * that is no failure. What cannot be said on stderr is lost, and the command goes on.
 */
export function watchOutput(): Output {
  let failure: Error | undefined;
  // oclif's module of commands has put a listener there when it was loaded; it throws, and what throws there ends the process with a stack trace.
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
  const ended = new Promise<void>((resolve) => {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') failure ??= error;
      resolve();
    });
    process.stderr.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') resolve();
    });
  });
  return { finished: () => Promise.race([drained(), ended]), failure: () => failure };
}

/** The error of a write is told a moment after its callback. */
function drained(): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write('', () => setImmediate(resolve));
  });
}
