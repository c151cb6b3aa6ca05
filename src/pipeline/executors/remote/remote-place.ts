import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OcrpipeError } from '../../../base/errors.js';
import { isPassing, isUnreachable } from '../../../remote/backends/remote-errors.js';
import { RemoteJob, listJobs, type AttemptSeen } from '../../../remote/jobs/remote-job.js';
import { eachInParallel } from '../../../remote/parallel.js';
import type { JobRemote } from '../../host.js';
import type { ExecutorContext } from '../context.js';
import type { CommandResult, Job, LogPart, OutputPart } from '../executor.js';
import type { JobPlace } from '../job-place.js';
import { parseDescription, parseResult, type RemoteDescription, type RemoteResult } from './description.js';
import { remoteRoots } from './roots.js';
import { startLine } from './start-script.js';

/** Requests at once. */
const AT_ONCE = 8;
/** Between two listings, by how long one takes: a remote of many jobs is listed less often. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 10_000;
const LISTING_SHARE = 0.1;
/** Pieces of a log that are read at once. */
const PIECES = 16;
/** A remote that does not answer is waited for so long, unless the settings say otherwise. Minutes. */
const PATIENCE = 60;
const MINUTE_MS = 60_000;
const AGAIN_MS = 2_000;

/** Jobs that share nothing with this machine but a remote: their inputs, logs, results and outputs are there. */
export class RemotePlace implements JobPlace {
  readonly where: string;
  readonly #remote: JobRemote;
  readonly #context: Pick<ExecutorContext, 'name' | 'settings' | 'events'>;
  readonly #descriptions = new Map<string, RemoteDescription>();
  readonly #seen = new Map<string, AttemptSeen>();
  readonly #results = new Map<string, RemoteResult>();
  #lookedAt = -Infinity;
  #tookMs = 0;
  #answeredAt = performance.now();
  #isSilent = false;

  constructor(remote: JobRemote, context: Pick<ExecutorContext, 'name' | 'settings' | 'events'>) {
    this.#remote = remote;
    this.#context = context;
    this.where = remote.remote.where;
  }

  async publish(jobs: readonly Job[], signal: AbortSignal): Promise<void> {
    if (jobs.length === 0) return;
    const described = jobs.map((job) => this.#described(job));
    await this.#remote.push(described.flatMap(remoteRoots), {
      verify: described.some(({ verify }) => verify),
    });
    // Last: what it names is all there.
    await eachInParallel(jobs, AT_ONCE, (job) => this.#attempt(job).describe(descriptionBytes(job), signal));
    this.#lookedAt = -Infinity;
  }

  async look(
    jobs: readonly Job[],
    { signal, now = false }: { signal: AbortSignal; now?: boolean },
  ): Promise<boolean> {
    const pause = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, this.#tookMs / LISTING_SHARE));
    const isDue = now || performance.now() - this.#lookedAt >= pause;
    if (signal.aborted || !isDue) return !this.#isSilent;
    try {
      await this.#lookNow(jobs);
      this.#answered();
      return true;
    } catch (error) {
      this.#waitFor(error);
      await delay(AGAIN_MS, undefined, { signal }).catch(() => undefined);
      return false;
    }
  }

  result(job: Job): CommandResult | undefined {
    const result = this.#results.get(this.#described(job).key);
    return result && commandResult(job, result);
  }

  /** What it made, once it has ended well. */
  outputs(job: Job): NonNullable<RemoteResult['outs']> {
    return this.#results.get(this.#described(job).key)?.outs ?? [];
  }

  /** An offset is the number of a piece. */
  async log(job: Job, offset: number): Promise<LogPart> {
    const { pieces = 0 } = this.#seen.get(this.#described(job).key) ?? {};
    const parts: OutputPart[] = [];
    for (let piece = offset; piece < Math.min(pieces, offset + PIECES); piece += 1) {
      const bytes = await this.#attempt(job).piece(piece);
      parts.push({ stream: 'stdout', bytes: bytes ?? Buffer.alloc(0) });
    }
    return { parts, next: offset + parts.length };
  }

  hasBegun(job: Job): boolean {
    return this.#seen.get(this.#described(job).key)?.started ?? false;
  }

  wasRestarted(job: Job): boolean {
    return this.#seen.get(this.#described(job).key)?.restarted ?? false;
  }

  startLine(job: Job): string {
    return `exec ${startLine(this.#described(job), this.#context.settings)}`;
  }

  revoke(job: Job): Promise<void> {
    return this.forget(job);
  }

  /** What is left on the remote because it cannot be reached is cleared by a collection of garbage. */
  async forget(job: Job): Promise<void> {
    try {
      await this.#attempt(job).remove();
    } catch (error) {
      if (!(error instanceof OcrpipeError)) throw error;
      const message = `${job.stage.name}: what its job left on ${this.where} stays for now (${error.message})`;
      this.#context.events({ type: 'note', level: 'info', code: 'job-not-cleared', message });
    }
  }

  async #lookNow(jobs: readonly Job[]): Promise<void> {
    const started = performance.now();
    const described = jobs.map((job) => this.#described(job));
    for (const folder of new Set(described.map(({ key }) => posix.dirname(key)))) {
      for (const [key, seen] of await listJobs(this.#remote.remote, `${folder}/`)) this.#seen.set(key, seen);
    }
    const ended = described.filter(({ key }) => this.#seen.get(key)?.ended && !this.#results.has(key));
    await eachInParallel(ended, AT_ONCE, ({ key }) => this.#readResult(key));
    this.#tookMs = performance.now() - started;
    this.#lookedAt = performance.now();
  }

  async #readResult(key: string): Promise<void> {
    const bytes = await new RemoteJob(this.#remote.remote, key).result();
    if (bytes) this.#results.set(key, parseResult(bytes, `${key} on ${this.where}`));
  }

  #answered(): void {
    this.#answeredAt = performance.now();
    if (!this.#isSilent) return;
    this.#isSilent = false;
    const message = `${this.#context.name}: ${this.where} answers again`;
    this.#context.events({ type: 'note', level: 'info', code: 'remote-back', message });
  }

  /** Jobs go on while a remote is away: nothing is concluded from what is not seen. */
  #waitFor(error: unknown): void {
    const { patience = PATIENCE } = this.#context.settings;
    const isOver = performance.now() - this.#answeredAt > patience * MINUTE_MS;
    if (isOver || !(isPassing(error) || isUnreachable(error))) throw error;
    if (this.#isSilent) return;
    this.#isSilent = true;
    const message = `${this.#context.name}: ${this.where} does not answer; waiting for it, at most ${patience} minutes`;
    this.#context.events({ type: 'note', level: 'warning', code: 'remote-silent', message });
  }

  #attempt(job: Job): RemoteJob {
    return new RemoteJob(this.#remote.remote, this.#described(job).key);
  }

  #described(job: Job): RemoteDescription {
    const name = `${job.id} ${job.attempt}`;
    const known = this.#descriptions.get(name);
    if (known) return known;
    const description = parseDescription(descriptionBytes(job), join(job.folder, 'job.json'));
    this.#descriptions.set(name, description);
    return description;
  }
}

function descriptionBytes({ folder }: Job): Buffer {
  return readFileSync(join(folder, 'job.json'));
}

function commandResult({ stage }: Job, result: RemoteResult): CommandResult {
  if (result.error) return { ok: false, problem: result.error };
  if (result.timedOut) return { ok: false, timedOut: true };
  const { code = null, command = 0, signal = null } = result;
  if (code === 0) return { ok: true };
  return { ok: false, command: stage.run[command] ?? '', code, signal: signal as NodeJS.Signals | null };
}
