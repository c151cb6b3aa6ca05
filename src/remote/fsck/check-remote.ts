import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { ContentId } from '../../base/content-id.js';
import type { EventSink } from '../../base/events.js';
import { inParallel } from '../../base/in-parallel.js';
import { writePoint } from '../../base/write-points.js';
import { objectKey, objectOfKey, packKey, packOfKey } from '../../store/format.js';
import { CheckingThreads } from '../../store/fsck/checking-threads.js';
import type { LocalStore } from '../../store/local-store.js';
import type { Unchecked } from '../../store/fsck/check-store.js';
import type { PackTable } from '../../store/pack-format.js';
import { abandon, type Remote } from '../backends/remote.js';
import type { RemoteView } from '../catalog/view.js';
import { readWholeView } from './read-view.js';
import type { RemoteFinding } from './remote-finding.js';
import type { RemoteMemory } from './remote-memory.js';

export interface RemoteCheckInput {
  remote: Remote;
  /** Packs are downloaded to its `tmp/`, one after the other of each job. */
  store: LocalStore;
  /** What was checked before: it decides the order. */
  memory?: RemoteMemory;
  /** Milliseconds after which no further file is begun. */
  budgetMs?: number | undefined;
  /**
   * Large objects of which the server says the SHA-256 itself are not read: for servers that answer for their bytes. Of packs, whose
   * names are no hash of all their bytes, none says enough.
   */
  trustsChecksums?: boolean;
  /** Downloads at once. */
  jobs: number;
  events: EventSink;
  signal: AbortSignal;
}

export interface RemoteCheck {
  /** Objects, catalogs and bases that were compared with their names. */
  checked: number;
  /** Bytes that were read. */
  bytes: number;
  /** Sorted by file. */
  findings: RemoteFinding[];
  /** What the remote has, by what is sound of its catalogs. */
  view: RemoteView;
  /** Packs and large objects that no catalog names: left by pushes that did not end, or named by a damaged catalog. */
  unnamed: { files: number; bytes: number };
  /** Files for which the time did not last. */
  unchecked: Unchecked;
}

/** Wrong bytes are read so often before they are called damaged: a bad connection is told from a bad file. */
const READS = 2;

/**
 * Reads every file of a remote that its catalogs name, and the catalogs: what is damaged, and what is not there. Costs a download
 * of it all, unless time or trust is limited: then those that were checked longest ago come first.
 */
export async function checkRemote(input: RemoteCheckInput): Promise<RemoteCheck> {
  const { remote, signal, jobs, events, memory, budgetMs = Infinity } = input;
  const until = performance.now() + budgetMs;
  const { view, findings, files, bytes } = await readWholeView(remote, signal);
  const named = namedFiles(view);
  const total = [...named.values()].reduce((sum, { size }) => sum + size, bytes);
  const threads = new CheckingThreads(total);
  const stop = (): void => {
    threads.watch.stop();
  };
  signal.addEventListener('abort', stop);
  const ordered = inOrder(named.values(), memory);
  let done = bytes;
  const check = async ({ file }: Ordered): Promise<FileCheck | undefined> => {
    if (performance.now() >= until) return undefined;
    const now = Date.now();
    const result = await checkNamed(input, file, threads);
    memory?.note(file.key, result.findings.length === 0 ? now : undefined);
    done += file.size;
    events({ type: 'progress', key: 'check', done, total, unit: 'bytes' });
    return result;
  };
  try {
    const results = await inParallel(ordered, jobs, check, signal);
    const checks = results.filter((result) => result !== undefined);
    return {
      checked: checks.reduce((sum, { objects }) => sum + objects, files),
      bytes: checks.reduce((sum, each) => sum + each.bytes, bytes),
      findings: [...findings, ...checks.flatMap((each) => each.findings)].sort(byKey),
      view,
      unnamed: unnamedFiles(view, named),
      unchecked: uncheckedOf(ordered.filter((_each, index) => results[index] === undefined)),
    };
  } finally {
    memory?.save(named);
    events({ type: 'progress-end', key: 'check' });
    signal.removeEventListener('abort', stop);
    await threads.close();
  }
}

/** A file and when it was last found sound. */
interface Ordered {
  file: NamedFile;
  checkedAt: number;
}

/** Those never checked first, then those checked longest ago. */
function inOrder(files: Iterable<NamedFile>, memory: RemoteMemory | undefined): Ordered[] {
  return [...files]
    .map((file) => ({ file, checkedAt: memory?.checkedAt(file.key) ?? 0 }))
    .sort((a, b) => a.checkedAt - b.checkedAt);
}

function uncheckedOf(left: readonly Ordered[]): Unchecked {
  return {
    files: left.length,
    bytes: left.reduce((sum, { file }) => sum + file.size, 0),
    never: left.filter(({ checkedAt }) => checkedAt === 0).length,
  };
}

/** A file that catalogs name, and its bytes as they say. */
type NamedFile = { key: string; size: number } & ({ table: PackTable } | { id: ContentId });

interface FileCheck {
  objects: number;
  bytes: number;
  findings: RemoteFinding[];
}

/** Each once; those on their way out are left out. */
function namedFiles(view: RemoteView): Map<string, NamedFile> {
  const files = new Map<string, NamedFile>();
  for (const { catalog } of [...view.parts.parts, ...view.parts.loose, ...(view.parts.leaving ?? [])]) {
    for (const table of catalog.packs) {
      const key = packKey(table.packId);
      if (!view.isTaken(key)) files.set(key, { key, size: table.size, table });
    }
    for (const { id, size } of catalog.objects) {
      const key = objectKey(id);
      if (!view.isTaken(key)) files.set(key, { key, size, id });
    }
  }
  return files;
}

function unnamedFiles(view: RemoteView, named: ReadonlyMap<string, unknown>): RemoteCheck['unnamed'] {
  const { listed, listedObjects = [] } = view.parts;
  const others = [...listed, ...listedObjects].filter(
    ({ key }) => !named.has(key) && !view.isTaken(key) && (packOfKey(key) ?? objectOfKey(key)) !== undefined,
  );
  return { files: others.length, bytes: others.reduce((sum, { size }) => sum + size, 0) };
}

function byKey(a: RemoteFinding, b: RemoteFinding): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

async function checkNamed(
  input: RemoteCheckInput,
  file: NamedFile,
  threads: CheckingThreads,
): Promise<FileCheck> {
  for (let read = 1; ; read += 1) {
    const check = await ('table' in file ? checkPack(input, file, threads) : checkObject(input, file));
    if (check.findings.length === 0 || read === READS) return check;
  }
}

async function checkPack(
  { remote, store, signal }: RemoteCheckInput,
  { key, table }: NamedFile & { table: PackTable },
  threads: CheckingThreads,
): Promise<FileCheck> {
  const where = `${key} of ${remote.where}`;
  const finding = { object: { kind: 'pack', id: table.packId }, where, key, table } as const;
  const download = await remote.get(key, { signal });
  if (download === undefined) return lost({ ...finding, reason: 'it is not there', gone: true });
  if (download.total !== table.size) {
    await abandon(download);
    const reason = `it is ${download.total} bytes long, not ${table.size}`;
    return lost({ ...finding, reason, gone: false });
  }
  const temporary = store.temporaryFile();
  try {
    writePoint();
    await pipeline(download.body, createWriteStream(temporary, { flags: 'wx' }), { signal });
    const file = { what: 'pack', id: table.packId, key, file: temporary } as const;
    const { objects, bytes, findings } = await threads.check(file);
    signal.throwIfAborted();
    return {
      objects,
      bytes,
      findings: findings.map((each) => ({ ...each, where, key, gone: false, table })),
    };
  } finally {
    await rm(temporary, { force: true });
  }
}

/** What the server keeps as the hash of an object counts only where it is the right one: anything else is looked at. */
async function isVouchedFor(
  { remote, signal }: RemoteCheckInput,
  { key, size, id }: NamedFile & { id: ContentId },
): Promise<boolean> {
  const there = await remote.describe(key, { signal });
  return there?.size === size && there.sha256 === id;
}

async function checkObject(input: RemoteCheckInput, file: NamedFile & { id: ContentId }): Promise<FileCheck> {
  const { remote, signal, trustsChecksums = false } = input;
  const { key, size, id } = file;
  if (trustsChecksums && (await isVouchedFor(input, file))) return { objects: 1, bytes: 0, findings: [] };
  const where = `${key} of ${remote.where}`;
  const finding = { object: { kind: 'blob', id }, where, key } as const;
  const download = await remote.get(key, { signal });
  if (download === undefined) return lost({ ...finding, reason: 'it is not there', gone: true });
  if (download.total !== size) {
    await abandon(download);
    const reason = `it is ${download.total} bytes long, not ${size}`;
    return lost({ ...finding, reason, gone: false });
  }
  const hash = createHash('sha256');
  for await (const chunk of download.body) hash.update(chunk);
  const sound = hash.digest('hex') === id;
  const findings = sound ? [] : [{ ...finding, reason: 'its bytes have another hash', gone: false }];
  return { objects: 1, bytes: size, findings };
}

function lost(finding: RemoteFinding): FileCheck {
  return { objects: 0, bytes: 0, findings: [finding] };
}
