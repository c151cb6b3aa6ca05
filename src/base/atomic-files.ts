import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { giveTarget, writeTemporary, type AtomicWrite } from './atomic-file.js';
import { FEW_FILES, flushFiles, flushFolders, flushTogether } from './flush-files.js';
import type { Breathe } from './with-progress.js';

/** A file and what it is to hold. */
export interface WholeFile {
  path: string;
  content: Uint8Array | string;
}

interface Written extends WholeFile {
  temporary: string;
}

interface Options extends Pick<AtomicWrite, 'staging'> {
  signal?: AbortSignal | undefined;
  /** Told of the files whose bytes are written. */
  breathe?: Breathe;
  /** Waited for before the files of the last step get their names. */
  beforeLast?: (() => Promise<unknown>) | undefined;
}

/**
 * Replaces many files as `writeFileAtomic` does one, at the cost of a few flushes: all bytes go to temporary files, which are
 * flushed together; then the files get their names, step by step. Those of a step have theirs, on disk, before the first one of
 * the next step gets its. A reader, and a machine that loses power, sees the old bytes of each file or the new ones.
 *
 * An abort is heard until the first file gets its name, and leaves nothing. Where a name cannot be given, what came before stays.
 */
export async function writeFilesAtomic(
  steps: readonly (readonly WholeFile[])[],
  options: Options = {},
): Promise<void> {
  const written = steps.map((): Written[] => []);
  try {
    await writeBytes(steps, written, options);
    for (const step of written) {
      if (step === written.at(-1)) await options.beforeLast?.();
      await giveTargets(step, options.staging);
    }
  } catch (error) {
    for (const { temporary } of written.flat()) rmSync(temporary, { force: true });
    throw error;
  }
}

async function writeBytes(
  steps: readonly (readonly WholeFile[])[],
  written: readonly Written[][],
  { staging, signal, breathe }: Options,
): Promise<void> {
  const count = steps.reduce((sum, step) => sum + step.length, 0);
  const few = count <= FEW_FILES;
  const how = { flush: false, ...(staging !== undefined && { staging }) };
  let done = 0;
  for (const [index, step] of steps.entries()) {
    for (const file of step) {
      written[index]!.push({ ...file, temporary: writeTemporary(file.path, file.content, how) });
      done += 1;
      if (!few) await breathe?.(done);
    }
  }
  const temporaries = written.flatMap((step) => step.map(({ temporary }) => temporary));
  if (few) await flushTogether(temporaries);
  else await flushFiles(temporaries, { signal, ...(breathe && { breathe }) });
  signal?.throwIfAborted();
}

async function giveTargets(step: readonly Written[], staging: string | undefined): Promise<void> {
  const folders = new Set<string>();
  try {
    for (const { temporary, path, content } of step) {
      giveTarget(temporary, path, { content, ...(staging !== undefined && { staging }) });
      folders.add(dirname(path));
    }
  } finally {
    await flushFolders(folders);
  }
}
