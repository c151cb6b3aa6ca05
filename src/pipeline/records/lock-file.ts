import { z } from 'zod';
import { canonicalJson, type JsonValue } from '../../base/canonical-json.js';
import { refuseConflictMarkers, resolveHint } from '../../base/conflict-markers.js';
import { isContentId } from '../../base/content-id.js';
import { userError } from '../../base/errors.js';
import { isRepoPath } from '../../base/is-repo-path.js';
import type { RepoPath } from '../../base/paths.js';
import { parseYamlFile, type YamlFile } from '../../base/yaml-file.js';
import { issueText } from '../../base/yaml-schema.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import { LOCK_FILE } from '../definition/stage/file-names.js';
import { compareText, type ParamValue } from '../definition/stage/params.js';
import { canonicalStages, type CanonicalEntry } from './canonical-lock.js';
import type { LockedDependency, LockedPath, LockedUrl, LockedVariable, StageInputs } from './signature.js';

const LOCK_VERSION = 1;
const LINES = /^\d+(?:-\d*)?(?:,\d+(?:-\d*)?)*$/;

export type LockedOutput = LockedPath & { readonly persist?: boolean };

/** One stage's last run: the inputs of its signature in full, so that it can be said what changed, and its outputs. */
export interface LockEntry {
  readonly run: readonly string[];
  readonly wdir: RepoPath;
  readonly deps: readonly LockedDependency[];
  /** Absent: none. */
  readonly urls?: readonly LockedUrl[];
  /** Absent: none. */
  readonly env?: readonly LockedVariable[];
  readonly params: readonly ParamValue[];
  readonly outs: readonly LockedOutput[];
}

/** By stage name. */
export type LockFile = ReadonlyMap<string, LockEntry>;

/** The inputs of the run that an entry records. */
export function lockedInputs(entry: LockEntry): StageInputs {
  return {
    run: entry.run,
    wdir: entry.wdir,
    deps: entry.deps,
    ...(entry.urls && { urls: entry.urls }),
    ...(entry.env && { env: entry.env }),
    params: entry.params,
    outs: entry.outs.map(({ path, persist }) => ({ path, persist: persist ?? false })),
  };
}

const locked = {
  path: z.string().refine(isRepoPath, 'is not a path inside the workspace'),
  id: z.string().refine(isContentId, 'is not a content id'),
  kind: z.enum(['file', 'directory']),
  size: z.number().int().nonnegative(),
  files: z.number().int().nonnegative().optional(),
  executable: z.boolean().optional(),
};
const part = {
  glob: z.literal(true).optional(),
  lines: z.string().regex(LINES, 'is not a list of lines').optional(),
  git: z.literal(true).optional(),
};
const entrySchema = z.strictObject({
  run: z.array(z.string()).min(1),
  wdir: locked.path.optional(),
  deps: z.array(z.strictObject({ ...locked, ...part })).optional(),
  urls: z.array(z.strictObject({ url: z.string(), version: z.string() })).optional(),
  env: z.custom<WrittenEnv>(isWrittenEnv, 'is not variables and their values').optional(),
  // As it stands: a record of zod would leave out the key '__proto__'.
  params: z.custom<WrittenParams>(isWrittenParams, 'is not parameters by file and key').optional(),
  outs: z.array(z.strictObject({ ...locked, persist: z.boolean().optional() })).optional(),
});
const lockSchema = z.strictObject({
  version: z.literal(LOCK_VERSION),
  stages: z.record(z.string(), entrySchema),
});

type WrittenParams = Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;

function isWrittenParams(value: unknown): boolean {
  return (
    isMap(value) &&
    Object.entries(value).every(
      ([file, params]) => isRepoPath(file) && isMap(params) && Object.values(params).every(isJson),
    )
  );
}

type WrittenEnv = Readonly<Record<string, string | null>>;

function isWrittenEnv(value: unknown): boolean {
  return isMap(value) && Object.values(value).every((each) => each === null || typeof each === 'string');
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isJson(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isJson);
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}

/**
 * Parses pipeline.lock. Throws (exit code 2, with the place) `conflict-markers`, `yaml-syntax`, or `lock-invalid` for
 * anything that ocrpipe does not write.
 */
export function parseLockFile(text: string, file: string = LOCK_FILE): LockFile {
  const canonical = parseCanonical(text);
  if (canonical) return canonical;
  refuseConflictMarkers(text, file, resolveHint(file, file));
  const yaml = parseYamlFile(text, file, { anchors: false });
  if (yaml.value === null) return new Map();
  const parsed = lockSchema.safeParse(yaml.value);
  if (!parsed.success) throw refuse(yaml, parsed.error);
  return new Map(Object.entries(parsed.data.stages).map(([name, entry]) => [name, readEntry(entry)]));
}

/** A lock that is, byte by byte, what is written for it; undefined for any other text. */
export function parseCanonical(text: string): LockFile | undefined {
  const stages = canonicalStages(text);
  const lock = stages && new Map(Object.entries(stages).map(([name, entry]) => [name, readEntry(entry)]));
  return lock && formatLockFile(lock) === text ? lock : undefined;
}

function refuse(yaml: YamlFile, error: z.ZodError): Error {
  const issue = error.issues[0]!;
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  return userError('lock-invalid', `${yaml.file} at '${path.join('.')}': ${issueText(issue)}`, {
    location: yaml.locate(path),
    hint: `ocrpipe writes this file: take it from git again ('git checkout -- ${yaml.file}'), or use the version of ocrpipe that wrote it.`,
  });
}

function readEntry(entry: z.infer<typeof entrySchema> | CanonicalEntry): LockEntry {
  const params = Object.entries(entry.params ?? {}).flatMap(([file, values]) =>
    Object.entries(values).map(([key, value]) => ({
      file: file as RepoPath,
      key,
      value: value,
    })),
  );
  return {
    run: entry.run,
    wdir: (entry.wdir ?? '.') as RepoPath,
    deps: (entry.deps ?? []).map((dep) => withoutUndefined(dep) as LockedDependency),
    ...(entry.urls && { urls: entry.urls }),
    ...(entry.env && { env: Object.entries(entry.env).map(([name, value]) => ({ name, value })) }),
    // Where a key looks like an index, an object does not keep the order of the file.
    params: params.sort((a, b) => compareText(a.file, b.file) || compareText(a.key, b.key)),
    outs: (entry.outs ?? []).map((out) => withoutUndefined(out) as LockedOutput),
  };
}

function withoutUndefined(value: object): unknown {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
}

/**
 * The canonical text: stages sorted by name, one block each, every value on a line of its own and texts quoted only where
 * YAML asks for it, so that equal locks are equal bytes and two branches that change different stages merge by themselves. `format` may
 * give blocks that it has kept.
 */
export function formatLockFile(lock: LockFile, format: typeof formatEntry = formatEntry): string {
  const names = [...lock.keys()].sort(compareText);
  const head = `# Written by ocrpipe: what each stage last ran with and what it made. Commit it.\nversion: ${LOCK_VERSION}\n`;
  if (names.length === 0) return `${head}stages: {}\n`;
  return `${head}stages:\n${names.map((name) => format(name, lock.get(name)!)).join('')}`;
}

/** The block of one stage. */
export function formatEntry(name: string, entry: LockEntry): string {
  const lines = [
    `  ${scalar(name)}:`,
    '    run:',
    ...entry.run.map((line) => `      - ${scalar(line)}`),
    ...(entry.wdir === '.' ? [] : [`    wdir: ${scalar(entry.wdir)}`]),
    ...section('deps', entry.deps.map(formatDependency)),
    ...section('urls', (entry.urls ?? []).map(formatUrl)),
    ...section('env', (entry.env ?? []).map(formatVariable)),
    ...section('params', formatParams(entry.params)),
    ...section(
      'outs',
      entry.outs.map((out) => [
        ...formatPath(out),
        ...(out.persist === true ? ['        persist: true'] : []),
      ]),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function section(name: string, blocks: readonly string[][]): string[] {
  return blocks.length === 0 ? [] : [`    ${name}:`, ...blocks.flat()];
}

function formatPath({ path, id, kind, size, files, executable }: LockedPath & Snapshot): string[] {
  return [
    `      - path: ${scalar(path)}`,
    `        id: ${scalar(id)}`,
    `        kind: ${kind}`,
    `        size: ${size}`,
    ...(files === undefined ? [] : [`        files: ${files}`]),
    ...(executable === true ? ['        executable: true'] : []),
  ];
}

function formatDependency(dep: LockedDependency): string[] {
  const { glob, lines, git } = dep;
  return [
    ...formatPath(dep),
    ...(glob === true ? ['        glob: true'] : []),
    ...(lines === undefined ? [] : [`        lines: ${JSON.stringify(lines)}`]),
    ...(git === true ? ['        git: true'] : []),
  ];
}

function formatUrl({ url, version }: LockedUrl): string[] {
  return [`      - url: ${scalar(url)}`, `        version: ${scalar(version)}`];
}

function formatVariable({ name, value }: LockedVariable): string[] {
  return [`      ${scalar(name)}: ${value === null ? 'null' : scalar(value)}`];
}

function formatParams(params: readonly ParamValue[]): string[][] {
  const files = [...new Set(params.map((param) => param.file))];
  return files.map((file) => [
    `      ${scalar(file)}:`,
    ...params
      .filter((param) => param.file === file)
      .map((param) => `        ${scalar(param.key)}: ${canonicalJson(param.value)}`),
  ]);
}

/**
 * A text as a YAML scalar: plain where no reader can take it for anything else, else in JSON's quotes (which are YAML's
 * double quotes). An id of digits alone, or digits around one 'e', is a number to YAML: quoted.
 */
function scalar(text: string): string {
  const plain = /^[A-Za-z_.][\w./@=+-]*(?: [\w./@=+-]+)*$|^[0-9a-f]{64}$/;
  const special = /^(?:true|false|null|yes|no|on|off|y|n|~|[-+.]?(?:inf|nan)|\.+|[\d.]+(?:e[\d]+)?)$/i;
  return plain.test(text) && !special.test(text) ? text : JSON.stringify(text);
}

/** Sorted, as everything that goes into a lock or a signature is. */
export function sortedByPath<T extends { path: RepoPath }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => compareText(a.path, b.path));
}

/** `lock` with one stage's entry replaced, and none of a stage that `keep` does not name. */
export function withEntry(
  lock: LockFile,
  name: string,
  change: { entry: LockEntry; keep: ReadonlySet<string> },
): LockFile {
  const kept = [...lock].filter(([stage]) => change.keep.has(stage) && stage !== name);
  return new Map([...kept, [name, change.entry]]);
}
