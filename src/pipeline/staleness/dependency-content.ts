import { userError } from '../../base/errors.js';
import { fromRepoPath, isWithin, type RepoPath } from '../../base/paths.js';
import { bytePath } from '../../tracking/byte-path.js';
import { allBut, theseFiles, type FileChoice } from '../../tracking/file-choice.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import { LOCK_FILE } from '../definition/stage/file-names.js';
import type { Dependency, LineRange, Stage } from '../definition/stage/stage.js';
import type { PipelineHost } from '../host.js';
import { linesOfFile } from './file-lines.js';

/** What is kept of what is looked at. */
interface Keeping {
  readonly list?: boolean;
  readonly store?: boolean;
}

/** A dependency of which only a part counts. */
export type PartialDependency = Required<Pick<Dependency, 'path' | 'part'>>;

/**
 * What a part of a dependency holds now; undefined if there is nothing of it: no file that a pattern names, none of the lines,
 * nothing that git holds. With `list` the names are kept, for `why` to compare with; with `store` all that is needed to have it
 * elsewhere, which of lines is the whole file. Throws `no-git`.
 */
export async function partContent(
  host: PipelineHost,
  stage: Pick<Stage, 'name' | 'outs'>,
  dep: PartialDependency,
  options: Keeping = {},
): Promise<Snapshot | undefined> {
  const { path, part } = dep;
  switch (part.kind) {
    case 'lines':
      return options.store ? host.files.storeRead(path, host) : linesContent(host, path, part.ranges);
    case 'glob':
      return chosen(host, { path, choice: part.choice, except: notRead(stage, path) }, options);
    case 'git': {
      const files = await gitFiles(host, stage, path);
      if (files.includes(path)) return wholeFile(host, path, options);
      const below = files.map((file) => belowOf(path, file));
      return chosen(host, { path, choice: theseFiles(below), except: notRead(stage, path) }, options);
    }
  }
}

/** What two looks at a part of a dependency have in common, for them to be one. */
export function exceptions(stage: Pick<Stage, 'outs'>, { path, part }: PartialDependency): string {
  return part.kind === 'lines' ? '' : [...notRead(stage, path)].join('\0');
}

function chosen(
  host: PipelineHost,
  what: { path: RepoPath; choice: FileChoice; except: ReadonlySet<string> },
  { store, ...options }: Keeping,
): Promise<Snapshot | undefined> {
  const { events, signal } = host;
  const choice = allBut(what.choice, what.except);
  if (store) return host.files.storeRead(what.path, { events, signal, choice });
  return host.files.chosen(what.path, choice, { events, signal, ...options });
}

function wholeFile(host: PipelineHost, path: RepoPath, { store }: Keeping): Promise<Snapshot | undefined> {
  const { events, signal } = host;
  if (store) return host.files.storeRead(path, { events, signal });
  return host.files.snapshot(path, { events, signal, throughLinks: true });
}

/** What the stage itself makes, and the lock that changes with every run: below `path`, as raw bytes. */
function notRead({ outs }: Pick<Stage, 'outs'>, path: RepoPath): ReadonlySet<string> {
  const own = [...outs.map((out) => out.path), LOCK_FILE];
  return new Set(
    own.filter((each) => each !== path && isWithin(each, path)).map((each) => belowOf(path, each)),
  );
}

function belowOf(folder: RepoPath, path: RepoPath): string {
  return bytePath(folder === '.' ? path : path.slice(folder.length + 1));
}

async function linesContent(
  host: PipelineHost,
  path: RepoPath,
  ranges: readonly LineRange[],
): Promise<Snapshot | undefined> {
  return linesOfFile(fromRepoPath(host.root, path), ranges, host.signal);
}

async function gitFiles(
  host: PipelineHost,
  { name }: Pick<Stage, 'name'>,
  path: RepoPath,
): Promise<readonly RepoPath[]> {
  const files = await host.gitFiles(path);
  if (files) return files;
  throw userError(
    'no-git',
    `stage '${name}' depends on what git holds of '${path}', and this workspace is not in git`,
    {
      hint: `Depend on the path itself: {path: ${path}}, or on a pattern.`,
    },
  );
}
