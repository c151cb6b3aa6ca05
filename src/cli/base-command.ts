import { statSync } from 'node:fs';
import { Command } from '@oclif/core/command';
import { CLIError } from '@oclif/core/errors';
import type * as Interfaces from '@oclif/core/interfaces';
import type { Call } from '../base/call.js';
import { OcrpipeError, userError } from '../base/errors.js';
import { absPath, type AbsPath } from '../base/paths.js';
import { STAGE_VARIABLE } from '../pipeline/stage-variables.js';
import { commandLineError, usageHint, type RefusingCommand } from './command-line-error.js';
import { errorDocument, errorText } from './error-report.js';
import { openEventView } from './event-view.js';
import { globalFlags, type GlobalFlagValues } from './global-flags.js';
import { FlagRefusal } from './number-flag.js';
import { operandsApart, operandsTogether } from './operands-apart.js';
import { visible } from './visible.js';

/** One use of an action and how its result is shown. */
export interface Performance<T> {
  action: (call: Call) => Promise<T> | T;
  /** The result as text for people, without the last newline; '' prints nothing. Not called with `--json` or `--events`. */
  text: (result: T) => string;
  /** The document that `--json` prints, and `--events` last of all; the result itself if left out. */
  json?: (result: T) => unknown;
  /** The exit code of a result that was reached but must be told apart (3 by `fsck` and `status --exit-code`). */
  exitCode?: (result: T) => number;
  /** What could not be done where the rest was: shown behind the result, and its exit code is that of the command. */
  failure?: (result: T) => OcrpipeError | undefined;
}

/** Every command of ocrpipe: flags in, one action called, one renderer out. */
export abstract class BaseCommand extends Command {
  static override baseFlags = globalFlags;

  /** Runs the action with progress, signals and `-C` taken care of, prints its result and sets the exit code. */
  protected async perform<T>(flags: GlobalFlagValues, use: Performance<T>): Promise<void> {
    const inStage = process.env[STAGE_VARIABLE] !== undefined;
    const view = openEventView(flags, process, inStage);
    const stop = new AbortController();
    const release = abortOnSignals(stop);
    try {
      const result = await use.action({
        cwd: existingFolder(flags.cwd),
        // What is ended now says so too: one line about that is enough, and the log of a stage has the rest.
        events: (event) => {
          if (!stop.signal.aborted) view.sink(event);
        },
        signal: stop.signal,
      });
      view.close();
      const failure = use.failure?.(result);
      printResult(resultText(use, result, { failure, flags }));
      if (failure && !flags.json && !flags.events) process.stderr.write(`${errorText(failure)}\n`);
      process.exitCode = failure?.exitCode ?? use.exitCode?.(result) ?? 0;
    } catch (error) {
      throw stop.signal.aborted ? stop.signal.reason : error;
    } finally {
      view.close();
      release();
    }
  }

  /** The parser words its refusals for itself, and takes a missing argument from standard input: neither is wanted. */
  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(options: Interfaces.Input<F, B, A>, argv = this.argv): Promise<Interfaces.ParserOutput<F, B, A>> {
    const input: Interfaces.Input<F, B, A> = { ...options };
    // A spread leaves out what a class inherits.
    if (options.baseFlags) input.baseFlags = options.baseFlags;
    if (options.args) input.args = typedOnly(options.args);
    try {
      const apart = operandsApart(argv, input);
      const parsed = await super.parse(input, apart.words);
      return { ...parsed, argv: operandsTogether(parsed.argv, apart) };
    } catch (error) {
      const { strict, args = {}, flags, baseFlags } = input;
      const command = {
        id: this.id ?? '',
        args: named(args),
        flags: named({ ...baseFlags, ...flags }),
        strict,
      };
      throw refusal(error, command, argv) ?? error;
    }
  }

  /** oclif would word errors itself; `main` does. */
  protected override catch(error: Error): Promise<never> {
    return Promise.reject(error);
  }
}

function refusal(
  error: unknown,
  command: RefusingCommand,
  argv: readonly string[],
): OcrpipeError | undefined {
  if (error instanceof FlagRefusal) {
    const { code, message, hint } = error.refusal;
    return userError(code, message, { hint: [hint, usageHint(command)].filter(Boolean).join(' ') });
  }
  return error instanceof CLIError ? commandLineError(error, command, argv) : undefined;
}

function typedOnly<A extends Interfaces.OutputArgs<Interfaces.ArgInput>>(
  args: Interfaces.ArgInput<A>,
): Interfaces.ArgInput<A> {
  const typed = Object.entries<object>(args).map(([name, arg]) => [name, { ...arg, ignoreStdin: true }]);
  return Object.fromEntries(typed) as Interfaces.ArgInput<A>;
}

/** The definitions with their names, which the parser adds only while it runs. */
function named<T extends object>(
  definitions: Readonly<Record<string, T>>,
): Record<string, T & { name: string }> {
  return Object.fromEntries(Object.entries(definitions).map(([name, each]) => [name, { ...each, name }]));
}

function existingFolder(path: string): AbsPath {
  const folder = absPath(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const hint = folder.includes('\uFFFD')
      ? 'A name in this path is not UTF-8: no workspace can be there. Rename that folder.'
      : 'Correct what follows -C.';
    throw userError('no-such-folder', `there is no folder ${folder}`, { hint });
  }
  return folder;
}

function same(result: unknown): unknown {
  return result;
}

/** The result as the flags ask for it: for people, as a document, or as the last of the events. */
function resultText<T>(
  use: Performance<T>,
  result: T,
  { failure, flags }: { failure: OcrpipeError | undefined; flags: GlobalFlagValues },
): string {
  if (!flags.json && !flags.events) return visible(use.text(result));
  const { json = same } = use;
  const bare: unknown = json(result);
  const document: unknown = failure ? { ...errorDocument(failure), ...(bare as object) } : bare;
  return flags.json
    ? JSON.stringify(document, null, 2)
    : JSON.stringify({ type: 'result', result: document });
}

function printResult(text: string): void {
  if (text !== '') process.stdout.write(`${text}\n`);
}

/** The first signal asks the action to stop cleanly; a second one ends the process at once. Returns how to undo it. */
function abortOnSignals(stop: AbortController): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(
      new OcrpipeError('interrupted', `stopped by ${signal}`, {
        exitCode: 130,
        hint: 'Run the command again to go on.',
      }),
    );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // The terminal is gone: what runs is ended as by Ctrl-C, and not left behind.
  process.on('SIGHUP', onSignal);
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    process.off('SIGHUP', onSignal);
  };
}
