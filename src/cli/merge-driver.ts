import { mergeFile, type FileMerge } from '../actions/merge-driver.js';
import { OcrpipeError } from '../base/errors.js';
import { absPath } from '../base/paths.js';
import { mergeAsText } from '../git/merge-as-text.js';

/** Left as they are by a git that does not know them. */
const NOT_GIVEN = /^(?:%[A-Z]|)$/;

/**
 * What git calls for a file that both sides of a merge changed, as `ocrpipe install` told it to:
 * `git-merge pointer|lock [--virtual] BASE OURS THEIRS PATH [LABEL-OF-OURS LABEL-OF-THEIRS]`. It stands outside of the
 * framework of the command line, which takes longer to start than this to be done. Exit code 0: merged; 1: in conflict.
 */
export async function mergeDriver(argv: readonly string[]): Promise<number> {
  const [kind, ...words] = argv;
  const virtual = words[0] === '--virtual';
  const [base, ours, theirs, path, ...given] = virtual ? words.slice(1) : words;
  if ((kind !== 'pointer' && kind !== 'lock') || path === undefined) {
    process.stderr.write(
      "ocrpipe: git calls this to merge pointers and pipeline.lock; see 'ocrpipe install --help'\n",
    );
    return 2;
  }
  const [left, right] = given.map((label) => (NOT_GIVEN.test(label) ? undefined : label));
  const labels = { ours: left ?? 'ours', theirs: right ?? 'theirs' };
  return merge({ kind, virtual, base: base!, ours: ours!, theirs: theirs!, path, labels, cwd: absPath('.') });
}

/** Whatever goes wrong, git's own merge leaves markers: without them ours would pass for the result. */
async function merge(file: FileMerge): Promise<number> {
  const result = await mergeFile(file).catch((error: unknown) => {
    const said =
      error instanceof OcrpipeError
        ? `${error.message}${error.hint ? `. ${error.hint}` : ''}`
        : String(error);
    process.stderr.write(`ocrpipe: ${file.path} is merged as text: ${said}\n`);
    return 'text' as const;
  });
  if (result === 'merged') return 0;
  if (result === 'text') return mergeAsText(file) ? 0 : 1;
  process.stderr.write(`ocrpipe: ${result.conflict}\n`);
  return 1;
}
