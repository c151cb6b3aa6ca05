import { chmodSync, lutimesSync, type BigIntStats, type Stats } from 'node:fs';
import { systemErrorCode } from '../base/errors.js';
import { OBJECT_MODE } from './format.js';

/**
 * The part of a second in the modification time of every file that a store has named: 49/64 s, which is exact in binary and in
 * microseconds. A write leaves it one time in 10^9, a file system that does not keep parts of seconds never has it.
 */
const SEAL_NS = 765_625_000;
const PERMISSIONS = 0o777;

/**
 * Marks a finished file of the store as untouched: read-only, with a time that no write gives it. Its bytes may then be reached
 * by other names (hard links): whoever writes through one of them breaks the seal, whatever the store knows of it. Where
 * the system does not allow it the file stays without a seal, and is read before it is relied on.
 */
export function seal(path: string): void {
  chmodSync(path, OBJECT_MODE);
  const second = Math.floor(Date.now() / 1000) - 1;
  setTimeIfAllowed(path, second, second + SEAL_NS / 1e9);
}

/**
 * Of a file of the store that was found damaged though it is sealed, as by its disk: from now on it is read before it is relied on.
 * Does nothing where the system does not allow it.
 */
export function breakSeal(path: string): void {
  const second = Math.floor(Date.now() / 1000);
  setTimeIfAllowed(path, second, second);
}

/** In seconds. Of a link it is the link's own time: what it leads to is somebody else's. */
function setTimeIfAllowed(path: string, accessed: number, modified: number): void {
  try {
    lutimesSync(path, accessed, modified);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
}

/** True if nobody wrote to a file of the store since it was sealed. */
export function isSealed(stat: BigIntStats | Pick<Stats, 'mode' | 'mtimeMs'>): boolean {
  return (Number(stat.mode) & PERMISSIONS) === OBJECT_MODE && hasSealTime(stat);
}

function hasSealTime(stat: BigIntStats | Pick<Stats, 'mtimeMs'>): boolean {
  return 'mtimeNs' in stat
    ? stat.mtimeNs % 1_000_000_000n === BigInt(SEAL_NS)
    : stat.mtimeMs % 1000 === SEAL_NS / 1e6;
}
