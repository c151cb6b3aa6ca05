import { execFile } from 'node:child_process';
import { closeSync, fsync, fsyncSync, openSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { groupBy } from './group-by.js';
import { isOnLocalDisk } from './local-disk.js';
import type { Breathe } from './with-progress.js';

/** So many files are flushed one by one: a process that flushes all costs more. */
export const FEW_FILES = 16;

interface FlushOptions {
  signal?: AbortSignal | undefined;
  breathe?: Breathe;
}

/**
 * Brings the bytes of files that were written and closed to disk, before they get their names: each file system once where that can
 * be had, by syncfs(2), or each file by itself. Throws the signal's reason when aborted.
 */
export async function flushFiles(files: readonly string[], options: FlushOptions = {}): Promise<void> {
  const devices = groupBy(files, fileSystems());
  for (const some of devices.values()) {
    const [first] = some;
    if (first === undefined) continue;
    if (some.length > FEW_FILES && (await flushedAtOnce(dirname(first), options.signal))) continue;
    await flushEach(some, options);
  }
}

async function flushEach(files: readonly string[], { signal, breathe }: FlushOptions): Promise<void> {
  for (const [index, file] of files.entries()) {
    await breathe?.(index);
    signal?.throwIfAborted();
    const fd = openSync(file, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}

/**
 * Flushes a few files that were written and closed, side by side: they are on disk together as soon as one of them would be, and what else
 * this process does goes on meanwhile.
 */
export async function flushTogether(files: readonly string[]): Promise<void> {
  await Promise.all(files.map((file) => flushed(openSync(file, 'r'))));
}

/** Makes renames or creations in folders durable, side by side. Some file systems cannot flush a folder: that is no error. */
export async function flushFolders(folders: Iterable<string>): Promise<void> {
  await Promise.all([...folders].map(flushFolder));
}

async function flushFolder(folder: string): Promise<void> {
  try {
    await flushed(openSync(folder, 'r'));
  } catch {
    // Not every file system supports it; the rename itself is still atomic.
  }
}

async function flushed(fd: number): Promise<void> {
  try {
    await promisify(fsync)(fd);
  } finally {
    closeSync(fd);
  }
}

/** Tells the file system of a file by the folder that it is in, each of which is asked once. */
function fileSystems(): (file: string) => number {
  const known = new Map<string, number>();
  return (file) => {
    const folder = dirname(file);
    const dev = known.get(folder) ?? statSync(folder).dev;
    known.set(folder, dev);
    return dev;
  };
}

/**
 * Node has no syncfs(2); the program `sync` has, or in its oldest forms flushes everything, which is as good. False where that cannot
 * be relied on: other systems only begin to write, and so do disks that are not of this machine; Linux before 5.8 does not say
 * that writing failed.
 */
async function flushedAtOnce(folder: string, signal: AbortSignal | undefined): Promise<boolean> {
  if (process.platform !== 'linux' || isBefore(release(), 5, 8) || !isOnLocalDisk(folder)) return false;
  try {
    await promisify(execFile)('sync', ['-f', folder], signal && { signal });
    return true;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

/** '6.18.4-generic' is not before 5.8. */
function isBefore(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number);
  return !(first > major || (first === major && second >= minor));
}
