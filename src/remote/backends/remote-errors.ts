import { OcrpipeError, systemErrorCode, userError } from '../../base/errors.js';
import type { Correction } from './correction.js';

/** Errors that every kind of remote throws, so that callers can tell them apart by `code`. */

/** May pass by itself: an overloaded server, a conflicting writer. */
export function remoteBusy(where: string, what: string, cause?: unknown): OcrpipeError {
  return new OcrpipeError('remote-busy', `${where} is busy: ${what}`, {
    hint: 'Run the command again: it continues where it stopped.',
    cause,
  });
}

/** The server failed and does not say why; this may pass, too. */
export function serverFailed(where: string, what: string): OcrpipeError {
  return new OcrpipeError('remote-busy', `the server of ${where} failed: ${what}`, {
    hint: 'Run the command again: it continues where it stopped. If it fails again, look at the server: its disk may be full.',
  });
}

/** The connection broke or could not be made. */
export function remoteInterrupted(where: string, what: string, cause?: unknown): OcrpipeError {
  return new OcrpipeError('remote-interrupted', `the connection to ${where} failed: ${what}`, {
    hint: 'Check the network, then run the command again: it continues where it stopped.',
    cause,
  });
}

/** A server that answered before was not there again in time. */
export function remoteGone(where: string, cause: unknown): OcrpipeError {
  return new OcrpipeError('remote-interrupted', `${where} answered before and no longer does`, {
    hint: 'Check that its server runs, and the network, then run the command again: it continues where it stopped.',
    cause,
  });
}

/** The signatures of this machine are of another time than the server's. */
export function clockSkewed(where: string): OcrpipeError {
  return userError('clock-skewed', `the clock of this machine and that of ${where} differ too much`, {
    hint: "Set the clock of this machine ('date' shows it), then run the command again: it continues where it stopped.",
  });
}

/** The remote has no room for what is sent. */
export function remoteFull(where: string, cause?: unknown): OcrpipeError {
  return userError('remote-full', `no space is left on ${where}`, {
    hint: 'Free space there, then run the command again: it continues where it stopped.',
    cause,
  });
}

/** Nobody answers at the address: the user must correct the endpoint or start the server. */
export function remoteUnreachable(where: string, what: string, correct: Correction): OcrpipeError {
  return userError('remote-unreachable', `cannot reach ${where}: ${what}`, {
    hint: `Check the network and the address; another one: '${correct({ endpoint: 'URL' })}'.`,
  });
}

/** The object is no longer the one that was asked for. */
export function remoteChanged(where: string, key: string): OcrpipeError {
  return new OcrpipeError('remote-changed', `${key} on ${where} changed while it was read`, {
    hint: 'Run the command again.',
  });
}

/** What heals a remote that lost or damaged something. */
export const SEND_AGAIN =
  "Run 'ocrpipe push --verify' (with --remote NAME, if it is not the default one) in a workspace that has the data: what is missing or damaged there is sent again.";

/** An object is shorter than what its catalog says. */
export function rangeRefused(where: string, key: string): OcrpipeError {
  return new OcrpipeError('remote-range', `${key} on ${where} is shorter than its catalog says`, {
    hint: SEND_AGAIN,
  });
}

/** The bytes that arrived at the remote are not those that were sent. */
export function damagedUpload(where: string, key: string): OcrpipeError {
  return new OcrpipeError(
    'damaged-upload',
    `${key} arrived damaged at ${where} and was refused: the file changed while it was read, or the network damages bytes`,
    { hint: 'Run the command again.' },
  );
}

/** A clock that is wrong may pass too: the server's is known from its refusal, and the next attempt is signed by it. */
const PASSING = new Set(['remote-busy', 'remote-interrupted', 'clock-skewed']);

/** Worth another attempt. */
export function isPassing(error: unknown): boolean {
  return error instanceof OcrpipeError && PASSING.has(error.code);
}

/** Nobody answered at the address. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof OcrpipeError && error.code === 'remote-unreachable';
}

/** A failed file operation on a folder remote, worded for people. */
export function folderFailure(where: string, error: unknown, correct: Correction): unknown {
  const code = error instanceof OcrpipeError ? undefined : systemErrorCode(error);
  if (code === undefined) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') return remoteFull(where, error);
  const said = folderMessages[code];
  if (said !== undefined) {
    const hint = said.hint ?? `Name a folder: '${correct({ url: 'FOLDER' })}'.`;
    return userError(said.code, `${said.message} ${where}`, { hint, cause: error });
  }
  return new OcrpipeError('remote-failed', `${where} failed with ${code}`, { cause: error });
}

const folderMessages: Partial<Record<string, { code: string; message: string; hint?: string }>> = {
  EACCES: {
    code: 'remote-denied',
    message: 'this user may not read or write the folder',
    hint: 'Change the rights of the folder, or name another remote with --remote.',
  },
  EROFS: {
    code: 'remote-denied',
    message: 'the file system is read-only:',
    hint: 'Mount it writable, or name another remote with --remote.',
  },
  ENOTDIR: {
    code: 'remote-not-a-folder',
    message: 'a file stands where a folder is needed:',
  },
};
