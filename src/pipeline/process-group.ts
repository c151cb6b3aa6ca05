import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Between two looks at whether a group is gone. */
const POLL_MS = 25;
/** A killed process stays visible until its parent has taken note, which an orphan's may never do. */
const KILLED_MS = 2_000;

/**
 * Ends a process group: SIGTERM, and SIGKILL for what is left after `graceMs`. Resolves when nothing of it is left, or as
 * soon as `finished` says that there is nothing to wait for, or a moment after SIGKILL.
 */
export async function endGroup(group: number, graceMs: number, finished?: AbortSignal): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', KILLED_MS],
  ] as const) {
    signalGroup(group, signal);
    for (let waited = 0; waited < patienceMs; waited += POLL_MS) {
      if (finished?.aborted === true || !signalGroup(group, 0)) return;
      await delay(POLL_MS);
    }
  }
}

/** False if no process of the group is left. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * When a process was started, in a form that only serves to compare: with it, a process id that was given to somebody
 * else since is told apart. Undefined where it is gone or the system does not say (it does on Linux).
 */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything; the fields are counted from behind it. Field 22 is the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${bootId()}:${fields[19] ?? ''}`;
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}
