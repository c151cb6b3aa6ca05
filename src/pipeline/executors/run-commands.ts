import { spawn, type ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { AbsPath } from '../../base/paths.js';
import { endGroup, signalGroup } from '../process-group.js';
import type { CommandResult, OutputPart } from './executor.js';

export interface CommandRequest {
  /** Shell command lines, run one after the other until one fails. */
  readonly run: readonly string[];
  readonly cwd: AbsPath;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called with the id of each child's process group; its command begins only when this has returned. */
  readonly onStart: (group: number) => void;
  readonly onOutput: (part: OutputPart) => void;
  /** Ends the whole process group: SIGTERM, and SIGKILL for what is left after `graceMs`. */
  readonly signal: AbortSignal;
  readonly graceMs?: number;
}

/** Waits until it is told to go on, and ends if whoever should tell it is no more; then becomes the command. */
const GATE = 'read -r go <&3 && exec 3<&- && exec /bin/sh -c "$1"';
/** What a stage has to write down and leave before it is killed. */
const GRACE_MS = 10_000;

/**
 * Runs commands on this machine, each by `/bin/sh -c` in a process group of its own and without input. Resolves when the
 * last output has been read. Rejects with the reason of an abort, or if the shell cannot be started.
 */
export async function runCommands(request: CommandRequest): Promise<CommandResult> {
  for (const command of request.run) {
    request.signal.throwIfAborted();
    const { code, signal } = await runOne(command, request);
    request.signal.throwIfAborted();
    if (code !== 0) return { ok: false, command, code, signal };
  }
  return { ok: true };
}

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

function runOne(command: string, request: CommandRequest): Promise<Exit> {
  const child = spawn('/bin/sh', ['-c', GATE, 'sh', command], {
    cwd: request.cwd,
    env: request.env,
    // The leader of a group of its own: a signal reaches whatever it has started.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  letGo(child, request);
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]!.on('data', (bytes: Buffer) => {
      request.onOutput({ stream, bytes });
    });
  }
  const stopWatching = endOnAbort(child, request);
  return new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  }).finally(stopWatching);
}

/** A repro that is killed before it has noted the group leaves no command behind that nobody knows of. */
function letGo(child: ChildProcess, { onStart }: CommandRequest): void {
  const gate = child.stdio[3] as Duplex;
  // Who did not start, or was ended at once, needs not be told.
  gate.on('error', () => undefined);
  try {
    if (child.pid !== undefined) onStart(child.pid);
    gate.resume().end('go\n');
  } catch (error) {
    gate.destroy();
    throw error;
  }
}

function endOnAbort(child: ChildProcess, request: CommandRequest): () => void {
  const finished = new AbortController();
  // Who does not wait for the end of what runs, as after a second Ctrl-C, leaves nothing of it behind.
  const onExit = (): void => {
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  };
  const onAbort = (): void => {
    process.setMaxListeners(process.getMaxListeners() + 1);
    process.on('exit', onExit);
    if (child.pid !== undefined) void endGroup(child.pid, request.graceMs ?? GRACE_MS, finished.signal);
  };
  request.signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    process.off('exit', onExit);
    request.signal.removeEventListener('abort', onAbort);
    finished.abort();
  };
}
