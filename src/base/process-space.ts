import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Names one run of this host's kernel and one space of process numbers (containers have their own); '' where that cannot be
 * known.
 */
export const PROCESS_SPACE = askProcessSpace();

function askProcessSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return '';
  }
}

/** Four hex digits that tell apart, well enough, the hosts and containers whose processes may write into one folder. */
export const SPACE_MARK = createHash('sha256')
  .update(`${hostname()}\n${PROCESS_SPACE}`)
  .digest('hex')
  .slice(0, 4);
