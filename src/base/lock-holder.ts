import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemErrorCode } from './errors.js';
import { PROCESS_SPACE } from './process-space.js';

/** Who holds a lock: the content of a lock file, JSON. */
export interface LockHolder {
  /** Random; tells two holdings apart, even of one process. */
  token: string;
  pid: number;
  /** When the process started, in clock ticks since the host did; '' where that cannot be known. */
  processStart: string;
  host: string;
  /** Names one run of the host's kernel and one space of process numbers (containers have their own); '' if unknown. */
  processSpace: string;
  /** What it is doing, for people: 'ocrpipe repro'. */
  command: string;
  /** When it took the lock, ISO 8601. */
  since: string;
}

/** This process as a holder. */
export function describeSelf(token: string, command: string): LockHolder {
  return {
    token,
    pid: process.pid,
    processStart: OWN_START,
    host: hostname(),
    processSpace: PROCESS_SPACE,
    command,
    since: new Date().toISOString(),
  };
}

/**
 * Reads a lock file's content. What is no holder's JSON (written by something else, or lost in a power cut) is a holder of
 * whom nothing is known but that file, so that it can be waited for and taken over like any other.
 */
export function parseHolder(text: string): LockHolder {
  const unknown: LockHolder = {
    token: createHash('sha256').update(text).digest('hex').slice(0, 32),
    pid: 0,
    processStart: '',
    host: '',
    processSpace: '',
    command: '',
    since: '',
  };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return unknown;
    const { token, pid, ...rest } = value as Record<string, unknown>;
    if (typeof token !== 'string' || !/^[0-9a-f]{32}$/.test(token) || !Number.isSafeInteger(pid))
      return unknown;
    const textOf = (key: keyof typeof unknown): string => (typeof rest[key] === 'string' ? rest[key] : '');
    return {
      token,
      pid: pid as number,
      processStart: textOf('processStart'),
      host: textOf('host'),
      processSpace: textOf('processSpace'),
      command: textOf('command'),
      since: textOf('since'),
    };
  } catch {
    return unknown;
  }
}

/**
 * Whether the holder's process still runs: asked of this host if it is the holder's. `unknown` for other hosts and other
 * containers, and where a process of that number may be another one by now: there only the heartbeat tells.
 */
export function holderState(holder: LockHolder): 'alive' | 'dead' | 'unknown' {
  if (holder.pid <= 0 || holder.host !== hostname() || holder.processSpace !== PROCESS_SPACE)
    return 'unknown';
  if (holder.processSpace === '') return processExists(holder.pid) ? 'unknown' : 'dead';
  const start = processStart(holder.pid);
  return start !== undefined && start === holder.processStart ? 'alive' : 'dead';
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH';
  }
}

/** 'ocrpipe repro (process 4711 on alder)' */
export function wordHolder({ command, pid, host }: LockHolder): string {
  if (pid <= 0) return 'a process that has not said who it is';
  return `${command} (process ${pid} on ${host})`;
}

/** Field 22 of /proc/<pid>/stat; undefined if there is no such process (or only its remains) or no /proc. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    return state === 'Z' || state === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

const OWN_START = processStart(process.pid) ?? '';
