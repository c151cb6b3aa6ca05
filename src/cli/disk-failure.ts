import { OcrpipeError, systemErrorCode } from '../base/errors.js';

interface DiskFailure {
  code: string;
  what: string;
  hint: string;
}

const FULL = { code: 'disk-full', what: 'the disk is full', hint: 'Make room and run the command again.' };
const GONE = {
  code: 'disk-gone',
  what: 'the disk is no longer there',
  hint: 'Mount it again, then run the command again.',
};

/** By the system's code: what happens to disks has codes of its own, because scripts wait and try again for some of it. */
const DISK_FAILURES: Readonly<Record<string, DiskFailure>> = {
  ENOSPC: FULL,
  EDQUOT: {
    ...FULL,
    what: 'your quota on this disk is used up',
    hint: 'Make room, or ask for a larger quota, and run the command again.',
  },
  EIO: {
    code: 'disk-failed',
    what: 'the disk failed to read or write',
    hint: "See the system's log ('dmesg') for what is wrong with it, then run the command again.",
  },
  ESTALE: GONE,
  ENOTCONN: GONE,
  ENODEV: GONE,
};

/** The error that is shown for what the system says of a disk; undefined for any other. */
export function diskFailure(error: unknown): OcrpipeError | undefined {
  const systemCode = systemErrorCode(error);
  const failure = systemCode === undefined ? undefined : DISK_FAILURES[systemCode];
  if (failure === undefined) return undefined;
  const place = placeOf(error as { path?: unknown; dest?: unknown });
  const message = `${failure.what} (${systemCode!})${place === undefined ? '' : `: ${place}`}`;
  return new OcrpipeError(failure.code, message, { cause: error, hint: failure.hint });
}

/** Of a copy, the file that was to be written. */
function placeOf({ path, dest }: { path?: unknown; dest?: unknown }): string | undefined {
  return [dest, path].find((each) => typeof each === 'string');
}
