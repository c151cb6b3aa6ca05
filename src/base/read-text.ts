import { isUtf8 } from 'node:buffer';
import { OcrpipeError, systemErrorCode, userError } from './errors.js';
import { fromRepoPath, type AbsPath, type RepoPath } from './paths.js';
import { readRegularFile } from './regular-file.js';
import { shellQuote } from './shell-quote.js';

/** Texts that people or ocrpipe write are small. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/** The same of a file that people write. Throws `not-utf8` (exit code 2), with the place of the first byte that is no part of UTF-8. */
export function readUtf8IfThere(root: AbsPath, path: RepoPath): string | undefined {
  const bytes = readBytesIfThere(root, path);
  if (bytes === undefined || isUtf8(bytes)) return bytes?.toString('utf8');
  const lines = sound(bytes).split('\n');
  throw userError('not-utf8', `${path} is not UTF-8`, {
    location: { file: path, line: lines.length, column: lines.at(-1)!.length + 1 },
    hint: `Save it as UTF-8; of a file in Latin-1: 'iconv -f latin1 -t utf-8 ${shellQuote(path)}'.`,
  });
}

/** The beginning that is UTF-8. */
function sound(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  for (let at = text.indexOf('\uFFFD'); at !== -1; at = text.indexOf('\uFFFD', at + 1)) {
    const before = text.slice(0, at);
    // The character itself may stand in a file.
    if (!isUtf8(bytes.subarray(0, Buffer.byteLength(before) + 3))) return before;
  }
  return text;
}

/**
 * The text of a file of the workspace, or undefined if there is none. Throws `file-unreadable` (exit code 2), naming it, for missing
 * rights, and `not-a-file` for a folder, a FIFO or a device in its place, which is not waited for.
 */
export function readTextIfThere(root: AbsPath, path: RepoPath): string | undefined {
  return readBytesIfThere(root, path)?.toString('utf8');
}

function readBytesIfThere(root: AbsPath, path: RepoPath): Buffer | undefined {
  try {
    return readRegularFile(fromRepoPath(root, path), MAX_TEXT_BYTES);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return undefined;
    if (error instanceof OcrpipeError) throw error;
    throw userError('file-unreadable', `${path} cannot be read: ${(error as Error).message}`, {
      hint: 'Correct its rights.',
      cause: error,
    });
  }
}
