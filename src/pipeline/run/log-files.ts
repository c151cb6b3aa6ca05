import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AbsPath } from '../../base/paths.js';
import { namesIn } from '../../base/names-in.js';

/** So many attempts of a stage keep what they printed, and none that is older. */
const KEPT = 10;
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** What one attempt to run a stage printed. */
export interface LogFile {
  /** Counts from 1; the newest has the highest number. */
  readonly attempt: number;
  readonly path: string;
}

/** Where the logs of a stage are: `.ocrstore/logs/STAGE/`, one file `N.log` an attempt. */
export function logFolder(stateFolder: AbsPath, stage: string): string {
  return join(stateFolder, 'logs', encodeURIComponent(stage));
}

/** The kept logs of a stage, oldest first. */
export function logFiles(stateFolder: AbsPath, stage: string): LogFile[] {
  const folder = logFolder(stateFolder, stage);
  return namesIn(folder)
    .flatMap((name) => {
      const attempt = Number(/^([1-9]\d{0,8})\.log$/.exec(name)?.[1] ?? 0);
      return attempt === 0 ? [] : [{ attempt, path: join(folder, name) }];
    })
    .sort((a, b) => a.attempt - b.attempt);
}

/** The stages of which there is a log. */
export function loggedStages(stateFolder: AbsPath): string[] {
  return namesIn(join(stateFolder, 'logs')).flatMap((name) => {
    try {
      return [decodeURIComponent(name)];
    } catch {
      return [];
    }
  });
}

/** Removes what is too old or too much, so that `room` more have their place. */
export function pruneLogs(files: readonly LogFile[], { room, now }: { room: number; now: number }): void {
  const tooMany = files.length - (KEPT - room);
  for (const [index, { path }] of files.entries()) {
    if (index < tooMany || isOld(path, now)) rmSync(path, { force: true });
  }
}

/** The logs of stages that no pipeline has any more go once they are old, and with them their folders. */
export function pruneForgotten(stateFolder: AbsPath, stages: ReadonlySet<string>, now: number): void {
  for (const stage of loggedStages(stateFolder)) {
    if (stages.has(stage)) continue;
    pruneLogs(logFiles(stateFolder, stage), { room: 0, now });
    removeIfEmpty(logFolder(stateFolder, stage));
  }
}

function isOld(path: string, now: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && now - stat.mtimeMs > KEPT_MS;
}

function removeIfEmpty(folder: string): void {
  if (namesIn(folder).length === 0) rmSync(folder, { recursive: true, force: true });
}
