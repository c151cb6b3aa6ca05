import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, posix, resolve } from 'node:path';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { withLock } from '../base/lock.js';
import { lstatIfThere } from '../base/lstat-if-there.js';
import { absPath, type AbsPath, type RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import type { ForeignFile } from '../git/cached-repository.js';
import { bring, NOTHING_BROUGHT, storeAtHand, wantedIn } from '../project/source/bring.js';
import type { Brought, WantedData } from '../project/source/bring.js';
import { placeAtOnce, putBack } from '../project/source/place-at-once.js';
import { sourceData, type SourceData } from '../project/source/source-data.js';
import { SourceRepository, type Located } from '../project/source/source-repository.js';
import { userCache } from '../project/source/user-cache.js';
import { writeGitFiles } from '../project/source/write-git-files.js';
import { LocalStore } from '../store/local-store.js';
import { writeOut } from '../tracking/checkout/write-out.js';
import type { Taking } from './taking.js';

export interface GetResult extends Brought {
  repository: string;
  commit: string;
  path: RepoPath;
  /** Where it is now. */
  out: AbsPath;
  files: number;
  /** Bytes of the files. */
  size: number;
}

/**
 * Puts a file or folder of another repository here, tracked or git's own. It appears whole, under its name, when it is complete and
 * verified; until then nothing does. What had arrived when it was interrupted is not fetched again.
 */
export async function get(input: Taking, call: Call): Promise<GetResult> {
  const { repository, revision, force } = input;
  const request = { repository, revision, from: call.cwd, command: 'ocrpipe get' };
  const source = await SourceRepository.open(request, call);
  const path = source.path(input.path);
  const located = source.locate(path);
  const out = targetOf(call.cwd, input.out, posix.basename(path) === '.' ? basename(repository) : path);
  putBack(out);
  refuseTaken(out, force);
  const content = contentOf(source, located);
  const got = await withData(source, content, { input, call }, async (store, brought) => {
    const written = await placeAtOnce(out, { force }, (aside) =>
      writeAll(source, content, { store, aside, call }),
    );
    return { ...brought, ...written };
  });
  return { repository, commit: source.commit, path: source.shown(path), out, ...got };
}

/** What is to be written, each below the target; '' is the target itself. */
interface Content {
  isFolder: boolean;
  data: readonly (WantedData & { at: string; path: RepoPath })[];
  files: readonly (ForeignFile & { at: string })[];
}

function contentOf(source: SourceRepository, located: Located): Content {
  if (located.kind === 'file') {
    return { isFolder: false, data: [], files: [{ ...located.file, at: '' }] };
  }
  const { path } = located;
  if (located.kind === 'tracked') {
    const { snapshot, below } = located;
    return {
      isFolder: false,
      data: [{ at: '', path, name: source.shown(path), snapshot, below }],
      files: [],
    };
  }
  const inside = (each: RepoPath): string => (path === '.' ? each : each.slice(path.length + 1));
  const tracked = source.trackedBelow(path);
  return {
    isFolder: true,
    data: tracked.map(([each, snapshot]) => {
      return { at: inside(each), path: each, name: source.shown(each), snapshot };
    }),
    files: source.ownFiles(path).map((file) => ({ ...file, at: inside(file.path) })),
  };
}

/** Runs `work` with a store that has the data: that of the repository, or one of this user's that is dropped afterwards. */
async function withData<T>(
  source: SourceRepository,
  { data }: Content,
  { input, call }: { input: Taking; call: Call },
  work: (store: LocalStore | undefined, brought: Brought) => Promise<T>,
): Promise<T> {
  const [first] = data;
  if (first === undefined) return work(undefined, NOTHING_BROUGHT);
  const places = await dataOf(source, data);
  const near = storeAtHand(places[0]!.place, data);
  if (places.length === 1 && near !== undefined) return work(near, NOTHING_BROUGHT);
  const { events, signal } = call;
  const folder = join(userCache(), 'downloads', nameOf(data));
  const lock = { path: `${folder}.lock`, what: `the download of ${first.name}`, command: 'ocrpipe get' };
  return withLock({ ...lock, events, signal }, async () => {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
    const store = LocalStore.create(folder);
    try {
      let brought = NOTHING_BROUGHT;
      for (const { place, wanted } of places) {
        brought = sum(brought, await bring(place, wanted, store, { jobs: input.jobs, events, signal }));
      }
      const done = await work(store, brought);
      rmSync(folder, { recursive: true, force: true });
      return done;
    } finally {
      store.close();
    }
  });
}

/** The data by where it can be had: a repository may hold several workspaces. */
async function dataOf(
  source: SourceRepository,
  data: Content['data'],
): Promise<{ place: SourceData; wanted: WantedData[] }[]> {
  const found = new Map<string, { place: SourceData; wanted: WantedData[] }>();
  for (const each of data) {
    const folder = (await source.workspaceOf(each.path))?.folder ?? '';
    const known = found.get(folder) ?? { place: await sourceData(source, each.path), wanted: [] };
    known.wanted.push(each);
    found.set(folder, known);
  }
  return [...found.values()];
}

/** The same for the same data, so that a download goes on where an earlier one ended. */
function nameOf(data: readonly WantedData[]): string {
  const hash = createHash('sha256');
  for (const { snapshot, below = '' } of data) hash.update(`${snapshot.id} ${below}\n`);
  return hash.digest('hex').slice(0, 32);
}

function sum(a: Brought, b: Brought): Brought {
  return {
    objects: a.objects + b.objects,
    packs: a.packs + b.packs,
    bytes: a.bytes + b.bytes,
    requests: a.requests + b.requests,
  };
}

async function writeAll(
  source: SourceRepository,
  { isFolder, data, files }: Content,
  { store, aside, call }: { store: LocalStore | undefined; aside: AbsPath; call: Call },
): Promise<{ files: number; size: number }> {
  const written = { files: 0, size: 0 };
  if (isFolder) mkdirSync(aside);
  const at = (below: string): AbsPath => absPath(below === '' ? aside : join(aside, below));
  for (const each of data) {
    const snapshot = wantedIn(store!, each);
    mkdirSync(dirname(at(each.at)), { recursive: true });
    await writeOut(store!, snapshot, at(each.at), call);
    written.files += snapshot.files ?? 1;
    written.size += snapshot.size;
  }
  const own = await writeGitFiles(source, files, { at, events: call.events });
  return { files: written.files + own.files, size: written.size + own.size };
}

function targetOf(cwd: AbsPath, out: string | undefined, path: string): AbsPath {
  const name = posix.basename(path);
  if (out === undefined) return absPath(join(cwd, name));
  const named = resolve(cwd, out);
  const isFolder = out.endsWith('/') || lstatIfThere(named)?.isDirectory() === true;
  return absPath(isFolder ? join(named, name) : named);
}

function refuseTaken(out: AbsPath, force: boolean): void {
  const folder = dirname(out);
  if (!existsSync(folder)) {
    throw userError('no-such-folder', `there is no folder ${folder}`, {
      hint: `Make it first: 'mkdir -p ${shellQuote(folder)}'.`,
    });
  }
  if (force || lstatIfThere(out) === undefined) return;
  throw userError('path-exists', `there is something at ${out} already`, {
    hint: 'Name another place with --out, or give --force to lose what is there.',
  });
}
