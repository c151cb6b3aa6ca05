import { cpSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemErrorCode } from '../../src/base/errors.js';
import { temporaryFolder } from './temporary-folder.js';

/** More than any kernel gives to a process: whoever looks for it finds nobody. */
const NOBODY = 5_000_000;
const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));

/** A moment at which a process could have died, and the folder as the process would have left it. */
export interface Crash {
  /** The write point: `store/pack-writer.ts:47:5`. */
  site: string;
  root: string;
}

/**
 * Runs work of this process to its end and copies `root` at each of its write points: what SIGKILL there would leave, for the
 * price of a copy instead of a process. In the copies, locks and temporary names are those of a process that is no more.
 */
export async function crashesOf(
  root: string,
  work: () => unknown,
  wanted: (site: string) => boolean = () => true,
): Promise<Crash[]> {
  const copies = temporaryFolder();
  const crashes: Crash[] = [];
  const state = { point: 0 };
  const copy = (): void => {
    const site = siteOfCaller();
    if (!wanted(site)) return;
    state.point += 1;
    const to = join(copies, String(state.point));
    copyAsItStands(root, to);
    crashes.push({ site, root: to });
  };
  subscribe('ocrpipe:write-point', copy);
  try {
    await work();
  } finally {
    unsubscribe('ocrpipe:write-point', copy);
  }
  for (const crash of crashes) asIfDied(crash.root);
  return crashes;
}

/** A file that the thread pool deletes in the middle of a copy is not there for the next one. */
function copyAsItStands(root: string, to: string, triesLeft = 20): void {
  try {
    cpSync(root, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  } catch (error) {
    if (triesLeft === 0 || systemErrorCode(error) !== 'ENOENT') throw error;
    rmSync(to, { recursive: true, force: true });
    copyAsItStands(root, to, triesLeft - 1);
  }
}

/** Wants each write point of the sources the first two times that it is reached. */
export function twiceEach(): (site: string) => boolean {
  const times = new Map<string, number>();
  return (site) => {
    const time = (times.get(site) ?? 0) + 1;
    times.set(site, time);
    return time <= 2;
  };
}

/** The caller of `writePoint`, with line and column. */
function siteOfCaller(): string {
  const lines = (new Error().stack ?? '').split('\n');
  const point = lines.findIndex((line) => /src[/\\]base[/\\]write-points/.test(line));
  const place = /((?:file:\/\/)?\/[^()]+:\d+:\d+)/.exec(lines[point + 1] ?? '')?.[1] ?? 'unknown';
  return relative(SOURCES, place.startsWith('file:') ? fileURLToPath(place) : place);
}

/** Makes what this process holds and what it left in a folder that of a process that died. */
export function asIfDied(folder: string): void {
  const [mine, theirs] = [process.pid, NOBODY].map((pid) => pid.toString(36));
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stat = lstatSync(path);
    if (stat.isDirectory()) asIfDied(path);
    else if (stat.isFile() && stat.size < 1000) {
      const text = readFileSync(path, 'latin1');
      const other = text.replace(`"pid":${process.pid},`, `"pid":${NOBODY},`);
      if (other !== text) writeFileSync(path, other);
    }
    const renamed = name.replace(new RegExp(`^(\\.ocrpipe-tmp-)${mine!}-`), `$1${theirs!}-`);
    if (renamed !== name) renameSync(path, join(folder, renamed));
  }
}

/** The write points of some modules (`store/pack-writer.ts`) and how many of them were met: [module, met, written there]. */
export function pointsMet(modules: readonly string[], crashes: readonly { site: string }[]) {
  return modules.map((module) => {
    const met = new Set(crashes.map(({ site }) => site).filter((site) => site.startsWith(`${module}:`)));
    const there = readFileSync(join(SOURCES, module), 'utf8').match(/\bwritePoint\(\);/g) ?? [];
    return { module, met: met.size, there: there.length };
  });
}
