import { randomBytes } from 'node:crypto';
import { contentIdOf } from '../../base/content-id.js';
import { abandon, readAll, type Remote } from '../backends/remote.js';
import { eachInParallel } from '../parallel.js';

/** Below this all jobs are kept: `jobs/<workspace>/<attempt>/<name>`. */
export const JOBS_PREFIX = 'jobs/';

const DESCRIPTION = 'job.json';
const STARTED = 'started.json';
const RESTARTED = 'restarted.json';
const RESULT = 'result.json';
const LOG = 'log/';
/** Digits of the number of a piece of a log. */
const DIGITS = 8;
/** The longest description, result or piece of a log. Bytes. */
const MAX_BYTES = 64 * 1024 * 1024;
const DELETIONS_AT_ONCE = 8;

/** What a remote has of one attempt, as a listing says. */
export interface AttemptSeen {
  readonly described: boolean;
  readonly started: boolean;
  /** Somebody started it a second time, and was refused. */
  readonly restarted: boolean;
  readonly ended: boolean;
  /** Pieces of the log, numbered from 0. */
  readonly pieces: number;
}

/**
 * One attempt of a job on a remote. Every object is written once, by conditional create: `job.json` (what it needs, runs and makes) by
 * who submits it, before anything else is there; `started.json` by the one who runs it; pieces of the log in order; `result.json` last
 * of all. Without `job.json` nobody wants the attempt any more.
 */
export class RemoteJob {
  readonly #remote: Remote;
  /** Without a '/' at its end. */
  readonly key: string;

  constructor(remote: Remote, key: string) {
    this.#remote = remote;
    this.key = key;
  }

  async describe(description: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#put(DESCRIPTION, description, signal);
  }

  /** Undefined: nobody wants it. */
  description(signal?: AbortSignal): Promise<Buffer | undefined> {
    return this.#get(DESCRIPTION, signal);
  }

  async isWanted(signal?: AbortSignal): Promise<boolean> {
    return (await this.#remote.describe(this.#name(DESCRIPTION), { signal })) !== undefined;
  }

  /** True for one of all who ever start it, whom nobody else can follow; false is noted for who submitted it. */
  async claim(node: string, signal?: AbortSignal): Promise<boolean> {
    // An answer that got lost on its way is told by this.
    const token = randomBytes(12).toString('hex');
    const claim = Buffer.from(`${JSON.stringify({ version: 1, node, token })}\n`);
    if ((await this.#put(STARTED, claim, signal)) === 'created') return true;
    if ((await this.#get(STARTED, signal))?.equals(claim) === true) return true;
    await this.#put(RESTARTED, claim, signal);
    return false;
  }

  async putPiece(number: number, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#put(pieceName(number), bytes, signal);
  }

  piece(number: number, signal?: AbortSignal): Promise<Buffer | undefined> {
    return this.#get(pieceName(number), signal);
  }

  async end(result: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#put(RESULT, result, signal);
  }

  result(signal?: AbortSignal): Promise<Buffer | undefined> {
    return this.#get(RESULT, signal);
  }

  /** Takes it off the remote, the description first: who still runs it ends when it sees that. */
  async remove(signal?: AbortSignal): Promise<void> {
    await this.#remote.delete(this.#name(DESCRIPTION), { signal });
    const rest = await this.#remote.list(`${this.key}/`, { signal });
    await eachInParallel(rest, DELETIONS_AT_ONCE, ({ key }) => this.#remote.delete(key, { signal }));
  }

  #name(name: string): string {
    return `${this.key}/${name}`;
  }

  #put(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<'created' | 'exists'> {
    const options = { sha256: contentIdOf(bytes), ifNoneMatch: true, signal };
    return this.#remote.put(this.#name(name), { bytes }, options);
  }

  async #get(name: string, signal?: AbortSignal): Promise<Buffer | undefined> {
    const download = await this.#remote.get(this.#name(name), { signal });
    if (download === undefined) return undefined;
    if (download.size <= MAX_BYTES) return readAll(download);
    await abandon(download);
    return undefined;
  }
}

/** Every attempt below a prefix that ends with '/', by its key: one listing. */
export async function listJobs(
  remote: Remote,
  prefix: string,
  signal?: AbortSignal,
): Promise<Map<string, AttemptSeen>> {
  const names = new Map<string, string[]>();
  for (const { key } of await remote.list(prefix, { signal })) {
    const [, attempt, name] = /^(jobs\/[^/]+\/[^/]+)\/(.+)$/.exec(key) ?? [];
    if (attempt === undefined || name === undefined) continue;
    const known = names.get(attempt);
    if (known) known.push(name);
    else names.set(attempt, [name]);
  }
  return new Map([...names].map(([attempt, each]) => [attempt, seenOf(each)]));
}

function seenOf(names: readonly string[]): AttemptSeen {
  return {
    described: names.includes(DESCRIPTION),
    started: names.includes(STARTED),
    restarted: names.includes(RESTARTED),
    ended: names.includes(RESULT),
    pieces: names.filter((name) => name.startsWith(LOG)).length,
  };
}

function pieceName(number: number): string {
  return `${LOG}${String(number).padStart(DIGITS, '0')}`;
}
