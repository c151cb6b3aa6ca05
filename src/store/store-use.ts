import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ageOf } from '../base/age.js';
import { systemErrorCode } from '../base/errors.js';
import { noEvents, type EventSink } from '../base/events.js';
import { describeSelf, holderState, parseHolder, wordHolder, type LockHolder } from '../base/lock-holder.js';
import { acquireLock, type HeldLock } from '../base/lock.js';
import { readRegularFile } from '../base/regular-file.js';
import { makeStoreFolder } from './shared-folder.js';
import { namesIn, unlinkIfThere } from './temporary.js';

/** Folder of a store for what keeps its users and a collection of garbage apart. */
const LOCKS = 'locks';
/** A process that cannot be asked whether it lives counts as alive for so long. Milliseconds. */
const UNKNOWN_USER_MS = 24 * 60 * 60 * 1000;
/** A process says who it is as soon as it made its mark: one that says nothing for so long was left by a full disk or a power cut. Milliseconds. */
const UNNAMED_USER_MS = 60 * 1000;
/** How often a collection looks whether the store is free. Milliseconds. */
const POLL_MS = 100;
const READ_ONLY = new Set(['EACCES', 'EPERM', 'EROFS']);

/** Who wants a store, and whom that is told to. */
export interface StoreUser {
  /** The store's folder. */
  root: string;
  /** What the process does: 'ocrpipe add'. */
  command: string;
  events?: EventSink;
  signal?: AbortSignal;
}

/**
 * Says that a process relies on what is in a store, until it releases what it gets: nobody deletes anything at once meanwhile.
 * Any number of processes may at a time. Waits only for one that has the store for itself, which is seconds. Who may not write
 * there need not say so.
 *
 * The mark is made first and the lock looked for then; `useStoreAlone` takes the lock first and looks for marks then: so at
 * least one of the two sees the other.
 */
export async function useStore(user: StoreUser): Promise<HeldLock> {
  const mark = join(marksOf(user.root), randomBytes(16).toString('hex'));
  for (;;) {
    if (!makeMark(user.root, mark, user.command)) return { release: () => undefined };
    if (!existsSync(lockOf(user.root)))
      return {
        release: () => {
          unlinkIfThere(mark);
        },
      };
    unlinkIfThere(mark);
    (await lockStore(user)).release();
  }
}

/** Has a store for this process alone, once nobody else uses it; who comes meanwhile is let in first. */
export async function useStoreAlone(user: StoreUser): Promise<HeldLock> {
  const told = new Set<string>();
  for (;;) {
    const lock = await lockStore(user);
    const [holder] = livingUsers(user.root);
    if (holder === undefined) return lock;
    lock.release();
    if (!told.has(holder.token)) (user.events ?? noEvents)(waitingFor(holder));
    told.add(holder.token);
    await delay(POLL_MS);
    user.signal?.throwIfAborted();
  }
}

/** Keeps collections of garbage of one store apart. */
export function lockCollection({ root, ...user }: StoreUser): Promise<HeldLock> {
  makeStoreFolder(root, join(root, LOCKS));
  return acquireLock({ path: join(root, LOCKS, 'gc'), what: 'the store', ...user });
}

function lockStore({ root, ...user }: StoreUser): Promise<HeldLock> {
  makeStoreFolder(root, join(root, LOCKS));
  return acquireLock({ path: lockOf(root), what: 'the store', ...user });
}

function lockOf(root: string): string {
  return join(root, LOCKS, 'store');
}

function marksOf(root: string): string {
  return join(root, LOCKS, 'users');
}

/** False where nothing may be written. */
function makeMark(root: string, mark: string, command: string): boolean {
  try {
    makeStoreFolder(root, marksOf(root));
    writeFileSync(mark, JSON.stringify(describeSelf(mark.slice(-32), command)), { flag: 'wx' });
    // For all who use the store, whatever this user keeps from others.
    chmodSync(mark, 0o644);
    return true;
  } catch (error) {
    if (READ_ONLY.has(systemErrorCode(error) ?? '')) return false;
    unlinkIfThere(mark);
    throw error;
  }
}

/** Those who use the store. The marks of dead ones are removed. */
function livingUsers(root: string): LockHolder[] {
  return namesIn(marksOf(root)).flatMap((name) => {
    const mark = join(marksOf(root), name);
    const holder = readMark(mark);
    if (holder === undefined) return [];
    const state = holderState(holder);
    const longest = holder.pid > 0 ? UNKNOWN_USER_MS : UNNAMED_USER_MS;
    if (state === 'alive' || (state === 'unknown' && (ageOf(mark) ?? longest) < longest)) return [holder];
    unlinkIfThere(mark);
    return [];
  });
}

/** Undefined if it is gone. */
function readMark(mark: string): LockHolder | undefined {
  try {
    return parseHolder(readRegularFile(mark).toString());
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function waitingFor(holder: LockHolder) {
  const since = Date.parse(holder.since);
  const sinceSeconds = Number.isNaN(since) ? 0 : Math.max(0, Math.round((Date.now() - since) / 1000));
  return { type: 'waiting', what: 'the store', holder: wordHolder(holder), sinceSeconds } as const;
}
