import { randomBytes } from 'node:crypto';
import {
  constants,
  copyFileSync,
  fstatSync,
  futimesSync,
  linkSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OcrpipeError, systemErrorCode, userError } from './errors.js';
import { noEvents, type EventSink } from './events.js';
import { describeSelf, holderState, parseHolder, wordHolder, type LockHolder } from './lock-holder.js';
import { LockFiles, type LockFile } from './lock-files.js';
import { readRegularFile } from './regular-file.js';

/** A holder shows every so often that it lives. Milliseconds. */
const HEARTBEAT_MS = 10_000;
/** A holder that cannot be asked and showed nothing for so long is taken for dead. Milliseconds. */
const STALE_MS = 120_000;
/** A holder writes its file at once: one that says nothing for so long was left by a power cut or made by something else. Milliseconds. */
const UNREADABLE_MS = 2_000;
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 250;
/** What file systems without hard links answer. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

export interface LockOptions {
  /** The lock file; its folder is created. */
  path: string;
  /** What is locked, for people: 'the store'. */
  what: string;
  /** What the caller is doing, for those who wait for it: 'ocrpipe repro'. */
  command: string;
  events?: EventSink | undefined;
  signal?: AbortSignal | undefined;
  /** How long a holder on another host may show nothing before it is taken for dead; milliseconds, 120 s if not given. */
  staleAfterMs?: number;
  /** Whom it waits for is told after so long; milliseconds, at once if not given. For locks that are held for moments. */
  tellAfterMs?: number | undefined;
  /** For who takes many locks. */
  files?: LockFiles | undefined;
}

/** A lock that is held. */
export interface HeldLock {
  /** Gives the lock up; again is harmless. */
  release(): void;
}

/**
 * Takes a lock that several processes share, and waits as long as it takes; whom it waits for is told as `waiting` events.
 * Only an abort ends the wait: it throws the signal's reason.
 *
 * The lock is a file that names its holder, made by linking a finished file to its name: it is there whole or not at all, and
 * one process succeeds. A holder that died is followed, not removed: removing "the dead holder's file" could remove that of
 * the next, who came a moment sooner. Who wants to follow holder T links its own file to `<lock>.after-<T>`; tokens are random,
 * so one process ever has that name while T's file stands. It then looks again whether the lock is still T's, and renames its
 * file over it. If the follower dies in between, its claim is followed in the same way.
 *
 * Nothing may depend on a lock to stay readable: a holder on another host that was stopped for minutes is taken for dead.
 */
export async function acquireLock(options: LockOptions): Promise<HeldLock> {
  const candidate = newCandidate(options);
  try {
    const watch = new HolderWatch(options);
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      options.signal?.throwIfAborted();
      const blocking = candidate.tryTake(watch);
      if (!blocking) return candidate.held();
      if (watch.see(blocking)) wait = FIRST_WAIT_MS;
      await delay(wait * (0.5 + Math.random()), undefined, options.signal && { signal: options.signal });
    }
  } catch (error) {
    candidate.discard();
    throw options.signal?.aborted ? options.signal.reason : error;
  }
}

const NO_PERMISSION = new Set(['EACCES', 'EPERM', 'EROFS']);

function newCandidate(options: LockOptions): Candidate {
  try {
    return new Candidate(options);
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    throw NO_PERMISSION.has(code) ? notWritable(options, code, error) : error;
  }
}

/** Only what changes something takes locks: who may not write can still look. */
function notWritable({ path, what, command }: LockOptions, code: string, cause: unknown) {
  const folder = dirname(path);
  const way =
    code === 'EROFS'
      ? 'its file system is mounted read-only: mount it for writing'
      : `make it writable ('chmod u+w', or ask its owner)`;
  return userError(
    'no-permission',
    `'${command}' changes ${what}, and ${folder} cannot be written (${code})`,
    {
      hint: `To change something there, ${way}, or work in a clone of your own. 'ocrpipe status' and 'ocrpipe diff' only read.`,
      cause,
    },
  );
}

/** True if somebody has the lock and is not known to be dead. */
export function isLocked(path: string): boolean {
  const claim = readClaim(path);
  return claim !== undefined && holderState(claim.holder) !== 'dead';
}

/** Runs `work` while the lock is held. */
export async function withLock<T>(options: LockOptions, work: () => Promise<T> | T): Promise<T> {
  const lock = await acquireLock(options);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** A lock or claim file as it was read. */
interface Claim {
  path: string;
  holder: LockHolder;
  /** Changes with each sign of life. */
  mtimeMs: number;
}

/** This process's wish to hold the lock: a finished file that waits for its name. */
class Candidate {
  readonly #path: string;
  readonly #files: LockFiles;
  /** True if the files outlive this lock. */
  readonly #keeps: boolean;
  readonly #file: LockFile;
  readonly #self: LockHolder;

  constructor({ path, command, files }: LockOptions) {
    this.#path = path;
    this.#keeps = files !== undefined;
    this.#files = files ?? new LockFiles();
    this.#self = describeSelf(randomBytes(16).toString('hex'), command);
    this.#file = this.#files.take(path, JSON.stringify(this.#self));
  }

  /** Takes the lock if it is free or its holder dead; otherwise returns who blocks it. */
  tryTake(watch: HolderWatch): Claim | undefined {
    if (linkIfFree(this.#file.path, this.#path)) {
      if (!this.#keeps) unlinkIfThere(this.#file.path);
      return undefined;
    }
    const chain: Claim[] = [];
    for (let path = this.#path; ;) {
      const claim = readClaim(path);
      if (!claim) {
        // Released, or followed, while we looked: look again from the start.
        return chain.length === 0 ? this.tryTake(watch) : this.#follow(chain, path, watch);
      }
      if (!watch.isDead(claim)) return claim;
      chain.push(claim);
      path = this.#claimPath(claim);
    }
  }

  held(): HeldLock {
    const heartbeat = setInterval(() => {
      this.#beat();
    }, HEARTBEAT_MS);
    heartbeat.unref();
    const state = { held: true };
    return {
      release: () => {
        if (!state.held) return;
        state.held = false;
        clearInterval(heartbeat);
        if (this.#isOwn()) unlinkIfThere(this.#path);
        this.discard();
      },
    };
  }

  /** Where there are no links, the lock is a copy of this process's file, and that is what others look at. */
  #beat(): void {
    const now = new Date();
    futimesSync(this.#file.fd, now, now);
    if (this.#isLinked() || !this.#isOwn()) return;
    try {
      utimesSync(this.#path, now, now);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  }

  discard(): void {
    this.#files.giveBack(this.#file);
    if (!this.#keeps) this.#files.close();
  }

  /** True if what has the name of the lock is this one: the very file, or its copy where there are no links. */
  #isOwn(): boolean {
    return this.#isLinked() || readClaim(this.#path)?.holder.token === this.#self.token;
  }

  #isLinked(): boolean {
    const there = statSync(this.#path, { throwIfNoEntry: false, bigint: true });
    const own = fstatSync(this.#file.fd, { bigint: true });
    return there !== undefined && there.ino === own.ino && there.dev === own.dev;
  }

  #claimPath(claim: Claim): string {
    return `${this.#path}.after-${claim.holder.token}`;
  }

  /** Follows a chain of dead holders: `free` is the claim that nobody has. */
  #follow(chain: readonly Claim[], free: string, watch: HolderWatch): Claim | undefined {
    if (!linkIfFree(this.#file.path, free)) return this.tryTake(watch);
    const unchanged = chain.every(({ path, holder }) => readClaim(path)?.holder.token === holder.token);
    if (!unchanged) {
      unlinkIfThere(free);
      return this.tryTake(watch);
    }
    renameSync(this.#file.path, this.#path);
    for (const { path } of chain.slice(1)) unlinkIfThere(path);
    unlinkIfThere(free);
    return undefined;
  }
}

/** Remembers what was seen of the holders: who was last announced, and when each last showed that it lives. */
class HolderWatch {
  readonly #options: LockOptions;
  readonly #lastSign = new Map<string, { mtimeMs: number; seenAt: number }>();
  readonly #began = performance.now();
  #announced = '';

  constructor(options: LockOptions) {
    this.#options = options;
  }

  /**
   * True if the holder's process is gone, or it cannot be asked and its heartbeat stood still for as long as we watched: for
   * two seconds only where the file names no holder.
   */
  isDead(claim: Claim): boolean {
    const state = holderState(claim.holder);
    if (state !== 'unknown') return state === 'dead';
    const now = performance.now();
    const last = this.#lastSign.get(claim.holder.token);
    if (last?.mtimeMs !== claim.mtimeMs) {
      this.#lastSign.set(claim.holder.token, { mtimeMs: claim.mtimeMs, seenAt: now });
      return false;
    }
    const longest = this.#options.staleAfterMs ?? STALE_MS;
    return now - last.seenAt > (isUnreadable(claim) ? Math.min(longest, UNREADABLE_MS) : longest);
  }

  /** Announces whom we wait for, once each; true if it is somebody new. Of a file that names nobody there is nothing to say. */
  see(claim: Claim): boolean {
    const { holder } = claim;
    if (holder.token === this.#announced || isUnreadable(claim)) return false;
    if (performance.now() - this.#began < (this.#options.tellAfterMs ?? 0)) return false;
    this.#announced = holder.token;
    const since = Date.parse(holder.since);
    const sinceSeconds = Number.isNaN(since) ? 0 : Math.max(0, Math.round((Date.now() - since) / 1000));
    const events = this.#options.events ?? noEvents;
    events({ type: 'waiting', what: this.#options.what, holder: wordHolder(holder), sinceSeconds });
    return true;
  }
}

/** True for a file that does not say who holds the lock. */
function isUnreadable({ holder }: Claim): boolean {
  return holder.pid <= 0;
}

function readClaim(path: string): Claim | undefined {
  // Nearly always: an error that is thrown and caught costs ten times as much.
  if (!statSync(path, { throwIfNoEntry: false })) return undefined;
  try {
    return { path, holder: parseHolder(readRegularFile(path).toString()), mtimeMs: statSync(path).mtimeMs };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    if (error instanceof OcrpipeError && error.code === 'not-a-file') {
      throw userError('lock-blocked', `what stands where a lock belongs is no file: ${path}`, {
        hint: 'Remove it, or give it another name.',
        cause: error,
      });
    }
    throw error;
  }
}

function linkIfFree(file: string, path: string): boolean {
  try {
    linkSync(file, path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    if (!NO_LINKS.has(systemErrorCode(error) ?? '')) throw error;
  }
  return copyIfFree(file, path);
}

/** Where there are no links, one process still succeeds; who looks meanwhile sees a holder of whom nothing is known. */
function copyIfFree(file: string, path: string): boolean {
  try {
    copyFileSync(file, path, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}
