import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { canonicalJson, type JsonValue } from '../../base/canonical-json.js';
import type { ContentId } from '../../base/content-id.js';
import type { AbsPath } from '../../base/paths.js';
import { readRegularFile } from '../../base/regular-file.js';
import { writePoint } from '../../base/write-points.js';
import type { Stage } from '../definition/stage/stage.js';
import { stageFileName, stageOfFileName } from '../definition/stage/stage-names.js';
import type { CommandResult, Job, LogPart } from './executor.js';

/** What is known of the job in a folder: which attempt is the last, and what finds it. */
export interface JobState {
  readonly version: 1;
  readonly executor: string;
  /** The remote that it goes over; absent: it runs in the workspace. */
  readonly place?: string;
  readonly attempt: number;
  readonly handle?: JsonValue;
  /** What it made was recorded or refused, or it was given up: nobody waits for it. */
  readonly settled?: true;
}

/** What a job is begun with. */
export interface JobFiles {
  readonly executor: string;
  readonly place: string | undefined;
  readonly description: JsonValue;
  readonly script: string;
}

/** The longest piece of a log that is read at once. Bytes. */
const LOG_BYTES = 1024 * 1024;
const ID_LENGTH = 12;

/**
 * A job of a stage on disk: `.ocrstore/jobs/<stage>-<signature>/`, with `job.json` (what it reads, runs and makes; no secrets),
 * `run.sh`, `state.json`, and a folder for each attempt: `log`, `result.json` and what else `run.sh` writes.
 */
export class JobFolder {
  readonly id: string;
  readonly path: AbsPath;

  constructor(stateFolder: AbsPath, id: string) {
    this.id = id;
    this.path = join(jobsFolder(stateFolder), id) as AbsPath;
  }

  /** The folder of a stage with inputs of this signature. */
  static of(stateFolder: AbsPath, stage: string, signature: ContentId): JobFolder {
    return new JobFolder(stateFolder, `${stageFileName(stage)}-${signature.slice(0, ID_LENGTH)}`);
  }

  /** Those of a stage that somebody may still wait for. */
  static unsettled(stateFolder: AbsPath, stage: string): JobFolder[] {
    return JobFolder.all(stateFolder).filter((job) => job.stage === stage && job.isOpen());
  }

  static all(stateFolder: AbsPath): JobFolder[] {
    const folder = jobsFolder(stateFolder);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => /.-[0-9a-f]{12}$/.test(name))
      .map((name) => new JobFolder(stateFolder, name));
  }

  /** Whose job it is. */
  get stage(): string {
    return stageOfFileName(this.id.slice(0, -ID_LENGTH - 1));
  }

  /** Somebody may still wait for it. */
  isOpen(): boolean {
    const state = this.state();
    return state !== undefined && state.settled !== true;
  }

  /** What a killed writer left half-written is as good as nothing: the attempt that it was about never began. */
  state(): JobState | undefined {
    return readJson(join(this.path, 'state.json')) as JobState | undefined;
  }

  /** The number of the attempt that would be begun now. */
  get nextAttempt(): number {
    return (this.state()?.attempt ?? 0) + 1;
  }

  /** Writes what describes the job, and begins its next attempt. */
  begin({ executor, place, description, script }: JobFiles): number {
    const attempt = this.nextAttempt;
    rmSync(this.attempt(attempt), { recursive: true, force: true });
    mkdirSync(this.path, { recursive: true });
    writeFileAtomic(join(this.path, 'job.json'), `${JSON.stringify(description, null, 2)}\n`);
    writeFileAtomic(join(this.path, 'run.sh'), script, { mode: 0o755 });
    this.#write({ version: 1, executor, ...(place !== undefined && { place }), attempt });
    return attempt;
  }

  keepHandle(handle: JsonValue): void {
    this.#write({ ...this.state()!, handle });
  }

  /** Nobody waits for it any more; the folder stays, for people, until the stage's next job. */
  settle(): void {
    const state = this.state();
    if (state) this.#write({ ...state, settled: true });
  }

  remove(): void {
    writePoint();
    rmSync(this.path, { recursive: true, force: true });
  }

  attempt(attempt: number): AbsPath {
    return join(this.path, `attempt-${attempt}`) as AbsPath;
  }

  #write(state: JobState): void {
    writeFileAtomic(join(this.path, 'state.json'), `${canonicalJson(state as unknown as JsonValue)}\n`);
  }
}

export function jobsFolder(stateFolder: AbsPath): AbsPath {
  return join(stateFolder, 'jobs') as AbsPath;
}

/** Tells the jobs of this workspace from those of others on a remote; made up when it is first asked for. */
export function workspaceKey(stateFolder: AbsPath): string {
  const file = join(jobsFolder(stateFolder), 'workspace');
  const known = readText(file)?.trim() ?? '';
  if (/^[0-9a-f]{24}$/.test(known)) return known;
  const made = randomBytes(12).toString('hex');
  mkdirSync(jobsFolder(stateFolder), { recursive: true });
  writeFileAtomic(file, `${made}\n`);
  return made;
}

/** Where an attempt of a job writes. */
export function attemptFolder({ folder, attempt }: Pick<Job, 'folder' | 'attempt'>): string {
  return join(folder, `attempt-${attempt}`);
}

/** How `run.sh` ended in the folder of an attempt; undefined while it has not, or left no result. */
export function readResult(attemptFolder: string, { run }: Pick<Stage, 'run'>): CommandResult | undefined {
  const written = readJson(join(attemptFolder, 'result.json')) as
    { code: number; command: number } | undefined;
  if (written === undefined) return undefined;
  if (written.code === 0) return { ok: true };
  return { ok: false, command: run[written.command] ?? '', code: written.code, signal: null };
}

/** What `run.sh` has printed in the folder of an attempt, from a byte on. */
export function readLog(attemptFolder: string, offset: number): LogPart {
  let fd: number;
  try {
    fd = openSync(join(attemptFolder, 'log'), 'r');
  } catch {
    return { parts: [], next: offset };
  }
  try {
    const bytes = Buffer.alloc(Math.min(LOG_BYTES, Math.max(0, fstatSync(fd).size - offset)));
    const read = readSync(fd, bytes, 0, bytes.length, offset);
    if (read === 0) return { parts: [], next: offset };
    return { parts: [{ stream: 'stdout', bytes: bytes.subarray(0, read) }], next: offset + read };
  } finally {
    closeSync(fd);
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readText(path) ?? '');
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readRegularFile(path).toString();
  } catch {
    return undefined;
  }
}
