import { posix } from 'node:path';
import type { RepoPath } from '../../../base/paths.js';
import type { WrittenStage } from '../schema/definition-schema.js';
import { dependencyKey, globDependency, writtenDependency } from './dependency-part.js';
import { escapeGlob, isGlob, unescapeGlob } from './globs.js';
import { parseLineRanges } from './line-ranges.js';
import type { Problem } from '../problems/problems.js';
import type { Dependency, ParamsUse, UrlDependency, YamlPath } from '../stage/stage.js';

/** What a stage is read with. */
export interface Reading {
  readonly wdir: RepoPath;
  /** A path of the stage, seen from the root of the workspace; told if it leaves it. */
  readonly path: (path: string, at: YamlPath) => RepoPath;
  readonly refuse: (at: YamlPath, problem: Omit<Problem, 'location'>) => void;
}

/** What the list `deps` says. */
export interface ReadDependencies {
  deps: Dependency[];
  urls: UrlDependency[];
  /** Single keys of files: they count as parameters do. */
  params: ParamsUse[];
  /** Stages whose outputs are read. */
  stages: { name: string; at: YamlPath }[];
}

type Written = NonNullable<WrittenStage['deps']>[number];

const KINDS = ['path', 'glob', 'file', 'stage', 'url', 'git'] as const;
const ADDRESS = /^(?:https?|s3):\/\//i;

/** Reads the list `deps` of the stage at `base`. */
export function readDependencies(
  items: readonly Written[],
  base: YamlPath,
  reading: Reading,
): ReadDependencies {
  const read: ReadDependencies = { deps: [], urls: [], params: [], stages: [] };
  for (const [index, item] of items.entries())
    readOne(read, item, { ...reading, at: [...base, 'deps', index] });
  const urls = [...new Map(read.urls.map((each) => [each.url, each])).values()];
  return { ...read, urls, deps: uniqueDependencies(read.deps) };
}

/** Each dependency once. */
export function uniqueDependencies(deps: readonly Dependency[]): Dependency[] {
  const byKey = new Map<string, Dependency>();
  for (const dep of deps) {
    const key = dependencyKey(writtenDependency(dep));
    if (!byKey.has(key)) byKey.set(key, dep);
  }
  return [...byKey.values()];
}

type Place = Reading & { readonly at: YamlPath };

function readOne(read: ReadDependencies, item: Written, place: Place): void {
  const { at } = place;
  if (!isOneKind(item, place)) return;
  const { path, glob, file, stage, url, git, keys, lines, remote } = item;
  if (stage !== undefined) read.stages.push({ name: stage, at });
  else if (url !== undefined)
    read.urls.push({ url: addressOf(url, place), ...(remote !== undefined && { remote }), at });
  else if (git !== undefined) read.deps.push({ path: place.path(git, at), part: { kind: 'git' }, at });
  else if (glob !== undefined) readText(read, glob, place);
  else if (path !== undefined) read.deps.push({ path: place.path(path, at), at });
  else if (keys !== undefined) read.params.push({ file: place.path(file!, at), keys, at });
  else if (lines !== undefined) readLines(read, { file: file!, lines }, place);
  else read.deps.push({ path: place.path(file!, at), at });
}

/** What stands alone in the list: a path, a pattern or an address. */
function readText(read: ReadDependencies, text: string, place: Place): void {
  const { at, wdir } = place;
  if (ADDRESS.test(text)) {
    read.urls.push({ url: addressOf(text, place), at });
    return;
  }
  if (!isGlob(text)) {
    const escaped = /\\[*?[]/.test(text);
    read.deps.push({ path: place.path(escaped ? unescapeGlob(text) : text, at), at });
    return;
  }
  const parts = text.split('/');
  if (parts.slice(parts.findIndex(isGlob)).includes('..')) {
    place.refuse(at, {
      code: 'invalid-value',
      message: `'${text}' goes up ('..') behind a wildcard`,
      hint: 'Write the folder that is meant without it.',
    });
    return;
  }
  const whole = posix.isAbsolute(text) ? text : posix.join(escapeGlob(wdir), text);
  read.deps.push({ ...globDependency(place.path(fromWdir(whole, wdir), at)), at });
}

/** `Reading.path` puts the folder of the stage before what it is given: this takes it away again. */
function fromWdir(pattern: string, wdir: RepoPath): string {
  return posix.isAbsolute(pattern) ? pattern : posix.relative(wdir, pattern);
}

function readLines(
  read: ReadDependencies,
  { file, lines }: { file: string; lines: NonNullable<Written['lines']> },
  place: Place,
): void {
  const text = [lines].flat().join(',');
  const ranges = parseLineRanges(text);
  if (ranges === undefined) {
    place.refuse([...place.at, 'lines'], {
      code: 'invalid-value',
      message: `'${text}' names no lines`,
      hint: 'Lines count from 1: write 1-2000, 5, 3000- (to the end), or a list of them.',
    });
    return;
  }
  const { at } = place;
  read.deps.push({ path: place.path(file, at), part: { kind: 'lines', ranges }, at });
}

function addressOf(text: string, { at, refuse }: Place): string {
  if (/^s3:\/\/[^/]+\/./i.test(text) || (/^https?:/i.test(text) && URL.canParse(text))) return text;
  refuse(at, {
    code: 'invalid-value',
    message: `'${text}' is no address`,
    hint: 'Write https://host/path or s3://bucket/key.',
  });
  return text;
}

/** Tells what does not go together. */
function isOneKind(item: Written, { at, refuse }: Place): boolean {
  const kinds = KINDS.filter((kind) => item[kind] !== undefined);
  const [kind] = kinds;
  const parts = (['keys', 'lines'] as const).filter((part) => item[part] !== undefined);
  const stray = parts.length > 0 && kind !== 'file' ? parts[0] : undefined;
  const remote = item.remote !== undefined && kind !== 'url' ? 'remote' : undefined;
  const problem =
    kinds.length !== 1
      ? `a dependency is one of ${KINDS.join(', ')}${kinds.length === 0 ? '' : `, not ${kinds.join(' and ')}`}`
      : parts.length > 1
        ? 'a dependency is some keys of a file or some lines of it, not both'
        : stray !== undefined
          ? `'${stray}' goes with 'file'`
          : remote && `'${remote}' goes with 'url'`;
  if (problem === undefined) return true;
  refuse(at, { code: 'invalid-value', message: problem, hint: HINT });
  return false;
}

const HINT =
  'Write a path or a pattern, or {path}, {glob}, {file, keys}, {file, lines}, {stage}, {url} or {git}.';
