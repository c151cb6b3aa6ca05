import { lstatSync } from 'node:fs';
import type { ContentId } from '../base/content-id.js';
import { writeFilesAtomic, type WholeFile } from '../base/atomic-files.js';
import { OcrpipeError, systemErrorCode } from '../base/errors.js';
import { fromRepoPath, type AbsPath, type RepoPath } from '../base/paths.js';
import type { LocalStore } from '../store/local-store.js';
import { isUnfinished } from './checkout/edited.js';
import { bytePath, type BytePath } from './byte-path.js';
import type { FileChoice } from './file-choice.js';
import { isFormerLost } from './former-lost.js';
import { partPlace } from './partial/partial.js';
import { wholeIfKnown, withStore } from './partial/parts-memory.js';
import { pathState } from './path-state.js';
import type { LastPut, Remembered } from './pointers/last-put.js';
import { scanChosen } from './scan/chosen-tree.js';
import { hashingSink, NodeMemory, type Hashing, type ScanSink } from './scan/sinks.js';
import { scanPath, type ScanContext } from './scan/snapshot.js';
import { firstMissing } from './stored.js';
import type { CallOptions, PathStatus, Snapshot } from './workspace-files.js';
import { realPlace } from './workspace-place.js';

/** What is looked at to tell how a path stands. */
export interface LookContext {
  scan: ScanContext;
  store: LocalStore;
  lastPut: LastPut;
  /** Throws for a broken pointer. */
  pointerOf: (path: RepoPath) => Snapshot | undefined;
  /** Where a path really is: see `realPlace`. */
  placeOf: (path: RepoPath) => RepoPath | undefined;
  /** Writes down what is remembered of a path, now or later. */
  remember: (file: WholeFile) => void;
}

/** How a path stands: see `PathStatus`. */
export async function pathStatus(
  context: LookContext,
  path: RepoPath,
  options?: CallOptions,
): Promise<PathStatus> {
  const { store, lastPut } = context;
  const memory = lastPut.read(path);
  const partly = memory.parts !== undefined;
  try {
    // The nodes of a folder where nothing changed are read from the store, should anybody ask.
    const knows = (directory: ContentId) => !partly && store.has('tree', directory);
    const known = { knows, ...(!partly && { packs: () => store.packSizes(), nodes: store }) };
    return await statusFrom(context, { path, memory, known }, options);
  } catch (error) {
    if (!(error instanceof OcrpipeError) || !/^object-(missing|damaged)$/.test(error.code)) throw error;
    return statusFrom(context, { path, memory, known: { knows: () => false } }, options);
  }
}

interface Asked {
  path: RepoPath;
  memory: Remembered;
  known: Pick<Hashing, 'knows' | 'nodes' | 'packs'>;
}

async function statusFrom(
  { scan, store, lastPut: remembering, pointerOf, placeOf, remember }: LookContext,
  { path, memory, known }: Asked,
  options?: CallOptions,
): Promise<PathStatus> {
  const nodes = new NodeMemory();
  const links: true[] = [];
  const inside: BytePath[] = [];
  const sink = hashingSink({
    ...known,
    node: nodes.sink,
    link: () => links.push(true),
    pointer: (each) => inside.push(each),
  });
  const place = placeOf(path);
  const found = place === undefined ? undefined : await scanPath(scan, place, sink, options);
  const pointer = pointerOf(path);
  const { put: lastPut, begun } = memory;
  const there = wholeIfKnown(store, memory, { found, nodes });
  const stored = () => there !== undefined && firstMissing(withStore(nodes, store), there) === undefined;
  const unfinished = () =>
    there !== undefined &&
    isUnfinished({ there, reader: withStore(nodes, store), memory }, { stored, store });
  const state = pathState({ there, pointer, lastPut, begun, stored, unfinished });
  // A command that died between writing the pointer and remembering it: else the next edit would look like two.
  const toRemember =
    there && state === 'clean' ? remembering.toWrite(path, there, undefined, memory) : undefined;
  if (toRemember) remember(toRemember);
  const parts = partsOf(scan.root, path, memory);
  const lost = isFormerLost(store, { state, there, pointer }, () => withStore(nodes, store));
  return {
    state,
    ...(there && { there }),
    ...(pointer && { pointer }),
    ...(lastPut && { lastPut }),
    ...(begun && { begun }),
    ...(parts && { parts }),
    ...(links[0] && { linked: links[0] }),
    ...(inside.length > 0 && { inside }),
    ...(lost && { formerLost: true }),
  };
}

/** Reads what is at a path, through links as long as they stay in the workspace. */
export async function readThroughLinks(
  scan: ScanContext,
  path: RepoPath,
  sink: ScanSink,
  options?: CallOptions,
): Promise<Snapshot | undefined> {
  const real = realPlace(scan.root, path, scan.storeLinks);
  return real === undefined ? undefined : scanPath(scan, real, sink, options);
}

/** Reads the chosen files below a path, through links as long as they stay in the workspace. */
export async function readChosen(
  scan: ScanContext,
  path: RepoPath,
  choice: FileChoice,
  how: { sink: ScanSink; options: CallOptions },
): Promise<Snapshot | undefined> {
  const real = realPlace(scan.root, path, scan.storeLinks);
  if (real === undefined || !lstatSync(fromRepoPath(scan.root, real)).isDirectory()) return undefined;
  const folder = bytePath(real === '.' ? '' : real);
  const tree = await scan.index.savingOnce(() => scanChosen(scan, folder, choice, how));
  return tree && { id: tree.id, kind: 'directory', size: tree.bytes, files: tree.files };
}

/** The parts that were put there, of a directory of which not all was. */
export function partsOf(
  root: AbsPath,
  path: RepoPath,
  { parts }: Remembered,
): readonly RepoPath[] | undefined {
  if (parts === undefined) return undefined;
  const there = lstatSync(fromRepoPath(root, path), { throwIfNoEntry: false });
  return there?.isDirectory() === true ? parts.map((part) => partPlace(path, part)) : undefined;
}

/** Writes down what was seen; a workspace that can only be read is looked at all the same. */
export async function writeSeen(files: readonly WholeFile[]): Promise<void> {
  try {
    await writeFilesAtomic([files]);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
}
