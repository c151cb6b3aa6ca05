import { CLIError } from '@oclif/core/errors';
import { OcrpipeError, systemErrorCode, userError, type Location, type Problem } from '../base/errors.js';
import { diskFailure } from './disk-failure.js';
import { stdoutForm } from './global-flags.js';
import { visible, visibleMessage } from './visible.js';

/** What scripts read from `--json` when a command fails. */
export interface ErrorDocument {
  error: {
    code: string;
    message: string;
    hint?: string;
    location?: Location;
    /** All of them, where the error is about several. */
    problems?: readonly Problem[];
  };
}

const INTERRUPTED = 130;

/** Words `error` on stderr (on stdout, as a document with `--json` and as an event with `--events`) and returns the exit code that belongs to it. */
export function reportError(error: unknown, argv: readonly string[]): number {
  const known = asOcrpipeError(error, argv);
  if (process.env['OCRPIPE_DEBUG'] === '1' && error instanceof Error)
    process.stderr.write(`${visible(stackOf(error))}\n`);
  const form = stdoutForm(argv);
  if (form === 'text') process.stderr.write(`${errorText(known)}\n`);
  else if (form === 'json') process.stdout.write(`${JSON.stringify(errorDocument(known), null, 2)}\n`);
  else process.stdout.write(`${JSON.stringify({ type: 'error', ...errorDocument(known) })}\n`);
  return known.exitCode;
}

/** `file:line:column: message [code]` with the hint on a line of its own; one line of what the user stopped. */
export function errorText(error: OcrpipeError): string {
  if (error.exitCode === INTERRUPTED)
    return visible([`${error.message} [${error.code}]`, error.hint ?? ''].join('. '));
  const lines = [visibleMessage(`error: ${placedMessage(error)} [${error.code}]`)];
  if (error.hint !== undefined) lines.push(`  hint: ${error.hint}`);
  return visible(lines.join('\n'));
}

export function errorDocument(error: OcrpipeError): ErrorDocument {
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
      ...(error.location && { location: error.location }),
      ...(error.problems && { problems: error.problems }),
    },
  };
}

/** The message with its place in front; where it begins with the file already, that is named once. */
function placedMessage({ location, message }: OcrpipeError): string {
  if (location === undefined) return message;
  const place = placeText(location);
  const begins = [
    location.line === undefined ? location.file : `${location.file}:${location.line}`,
    location.file,
  ].find((start) => message.startsWith(start) && /^[: ]/.test(message.slice(start.length)));
  return begins === undefined ? `${place}: ${message}` : `${place}${message.slice(begins.length)}`;
}

function placeText(place: Location): string {
  return [place.file, place.line, place.column].filter((part) => part !== undefined).join(':');
}

/** Any thrown value as the error that is shown: the parser, the operating system and our own mistakes have codes too. */
export function asOcrpipeError(error: unknown, argv: readonly string[]): OcrpipeError {
  if (error instanceof OcrpipeError) return error;
  if (error instanceof CLIError) return commandLineError(error, argv);
  const message = error instanceof Error ? error.message : String(error);
  const systemCode = systemErrorCode(error);
  if (systemCode !== undefined && /^E[A-Z]+$/.test(systemCode)) {
    const known = noPermission(error, systemCode) ?? diskFailure(error);
    if (known) return known;
    return new OcrpipeError('system-error', message, { cause: error, hint: systemHint(systemCode) });
  }
  return new OcrpipeError('internal-error', `this should not have happened: ${message}`, {
    cause: error,
    hint: 'Run again with OCRPIPE_DEBUG=1 for the stack trace, and please report it.',
  });
}

const NO_PERMISSION = new Set(['EACCES', 'EPERM', 'EROFS']);
const VERBS: Record<string, string> = { open: 'open', mkdir: 'make the folder', scandir: 'list' };

/** The user's to correct where it is known which file or folder may not be touched. */
function noPermission(error: unknown, code: string): OcrpipeError | undefined {
  if (!NO_PERMISSION.has(code) || !(error instanceof Error) || !('path' in error)) return undefined;
  const verb = VERBS['syscall' in error ? String(error.syscall) : ''] ?? 'change';
  // Of a rename: what was to be replaced, not the temporary file that nobody knows.
  const path = 'dest' in error ? error.dest : error.path;
  return userError('no-permission', `no permission to ${verb} ${String(path)} (${code})`, {
    cause: error,
    hint: systemHint(code),
  });
}

const SYSTEM_HINTS: Record<string, string> = {
  ENOSPC: 'The disk is full. Make room and run the command again.',
  EACCES: 'Check who may read and write there.',
  EPERM: 'Check who may read and write there.',
  EROFS: 'The file system is mounted read-only.',
  EXDEV:
    "The folders of a store belong on one file system. To keep it on another disk, use 'ocrpipe init --store FOLDER --move'.",
  EMFILE: "Too many files are open. Raise the limit with 'ulimit -n'.",
};

/** What to do about a failure of the operating system, by its code, as `ENOSPC`. */
export function systemHint(code: string): string {
  return SYSTEM_HINTS[code] ?? 'The operating system refused it. Put that right and run the command again.';
}

/** What the parser refuses for a reason that `command-line-error` does not know. */
function commandLineError(error: CLIError, argv: readonly string[]): OcrpipeError {
  const message = (error.message.split('\nSee more help')[0] ?? '').trim().replace(/\s*\n\s*/g, ' ');
  const help = ['ocrpipe', ...commandWords(argv), '--help'].join(' ');
  return userError('command-line', lowerFirst(message), { hint: `See '${help}'.`, cause: error });
}

function commandWords(argv: readonly string[]): string[] {
  const end = argv.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
  return argv.slice(0, end === -1 ? 2 : Math.min(end, 2));
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
