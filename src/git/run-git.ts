import { statSync } from 'node:fs';
import type { SimpleGit } from 'simple-git';
import { OcrpipeError } from '../base/errors.js';
import type { AbsPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';

/** How a git process is run. */
export interface Process {
  /** What git reads from its standard input. */
  input?: string;
  /** Exit code 1 is git's plain "no" in several questions: an answer, not a failure. */
  noIsAnswer?: boolean;
  /** What is set may be a program that git runs: a merge driver. */
  setsDriver?: boolean;
}

/** Where git runs: a folder of a work tree. */
export interface GitPlace {
  root: AbsPath;
  workTree: AbsPath;
}

/** Paths are names, whatever characters they have: never patterns. */
export const LITERAL = '--literal-pathspecs';

/** What git prints. Throws `git-failed`, with what it said, where git itself fails. */
export function runGit(place: GitPlace, args: string[], how: Process = {}): Promise<string> {
  return withGit(place, args, { ...how, use: (git) => git.raw(args) });
}

/** The same for who uses more of `simple-git` than its output; `args` are for the message. */
export async function withGit<T>(
  { root, workTree }: GitPlace,
  args: readonly string[],
  { input, noIsAnswer, setsDriver, use }: Process & { use: (git: SimpleGit) => Promise<T> },
): Promise<T> {
  const { simpleGit } = await import('simple-git');
  const git = simpleGit({
    baseDir: root,
    errors: (error, { exitCode, stdErr, stdOut }) => {
      if (exitCode === 0) return error;
      return noIsAnswer === true && exitCode === 1 ? undefined : Buffer.concat([...stdErr, ...stdOut]);
    },
    ...(input === undefined ? {} : { input: () => input }),
    ...(setsDriver === true && { unsafe: { allowUnsafeMergeDriver: true } }),
  });
  // For a git that printed nothing it would wait 50 ms more: once its output has ended, none comes late.
  git.outputHandler((_command, stdout) => {
    stdout.once('end', () => stdout.emit('data', Buffer.alloc(0)));
  });
  try {
    return await use(git);
  } catch (error) {
    const said = error instanceof Error ? error.message.trim() : String(error);
    const [first, ...more] = said.split('\n');
    throw new OcrpipeError('git-failed', `git ${args.find((arg) => arg !== LITERAL)!} failed: ${first!}`, {
      hint: isOthers(workTree)
        ? `The work tree is another user's, and git refuses those unless told that they are safe: 'git config --global --add safe.directory ${shellQuote(workTree)}'.`
        : ["See whether 'git status' works here.", ...more].join('\n'),
      cause: error,
    });
  }
}

/** True if somebody else owns it, which git takes for dangerous. */
function isOthers(workTree: AbsPath): boolean {
  const owner = statSync(workTree, { throwIfNoEntry: false })?.uid;
  return owner !== undefined && process.getuid !== undefined && owner !== process.getuid();
}
