import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runOcrpipe, type RunOptions, type RunResult } from './ocrpipe.js';

const SERVER = fileURLToPath(new URL('command-server.mjs', import.meta.url));

/** Runs an `ocrpipe` command line and waits for its end; never throws for a failing command. */
export type CommandRunner = (args: readonly string[], options: RunOptions) => Promise<RunResult>;

/** The one process of this test worker that runs command lines, started when first asked. */
class Server {
  #child: ChildProcess | undefined;
  #asked = 0;
  readonly #waiting = new Map<
    number,
    { answer: (result: RunResult) => void; fail: (error: Error) => void }
  >();

  run(args: readonly string[], { cwd, env }: RunOptions): Promise<RunResult> {
    const number = (this.#asked += 1);
    return new Promise((answer, fail) => {
      this.#waiting.set(number, { answer, fail });
      this.#started().send({ number, args, cwd, env: { ...process.env, NO_COLOR: '1', ...env } });
    });
  }

  #started(): ChildProcess {
    if (this.#child) return this.#child;
    const child = fork(SERVER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('message', (message) => {
      const { number, ...output } = message as Omit<RunResult, 'signal'> & { number: number };
      this.#waiting.get(number)?.answer({ ...output, signal: undefined });
      this.#waiting.delete(number);
    });
    child.on('exit', (code, signal) => {
      this.#child = undefined;
      for (const { fail } of this.#waiting.values())
        fail(new Error(`the process that runs commands ended: ${String(code ?? signal)}`));
      this.#waiting.clear();
    });
    // It ends with this process, and keeps it from nothing.
    child.unref();
    child.channel?.unref();
    return (this.#child = child);
  }
}

const server = new Server();

/**
 * Like `runOcrpipe`, in a process that stays: for tests of what a command does. What starting, signals, standard input or dying
 * have to do with needs a process of its own.
 */
export const runServed: CommandRunner = (args, options) =>
  options.signalOnOutput !== undefined || options.env?.['OCRPIPE_TEST_KILL_AT'] !== undefined
    ? runOcrpipe(args, options)
    : server.run(args, options);
