import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import type { NodeKind } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import type { RunId, RunRecords } from '../../store/run-records.js';
import type { FetchInput } from './fetch-input.js';
import { DamagedOnRemote } from './damaged-on-remote.js';
import { FetchRun } from './fetch-run.js';
import { loadCheckedView, loadView } from '../catalog/load-view.js';
import { MissingOnRemote } from './missing-on-remote.js';
import type { RemoteView } from '../catalog/view.js';
import { nodesAlongside, WantedWalk } from './wanted-walk.js';

/** Each look after the first means that somebody collected garbage meanwhile. */
const LOOKS = 8;
const MOVED = new Set(['remote-file-gone', 'remote-changed']);

/** What a fetch brought into the store. */
export interface Fetched {
  objects: number;
  /** Packs that were read, whole or in part. */
  packs: number;
  runs: readonly RunId[];
}

/**
 * Brings what is wanted and not in the store into it, verified. Throws `DamagedOnRemote` for wrong bytes, and `MissingOnRemote`
 * for what is neither here nor there, after everything else was brought: directories too, though a file of theirs is damaged.
 */
export async function fetchObjects(input: FetchInput): Promise<Fetched> {
  const tried: LazyRun[] = [];
  let look = (): Promise<RemoteView> => loadView(input);
  for (let looks = 1; ; looks += 1) {
    const remote = new LazyRun(input, look);
    tried.push(remote);
    try {
      const { nodes, runs } = await fetchOnce(input, remote);
      return { objects: sum(tried.map(({ objects }) => objects)) + nodes, packs: packsOf(tried), runs };
    } catch (error) {
      // A collection of garbage may have joined packs since the listing: what is wanted is then in another one. Or the remote
      // lost a file: what no listing names counts as absent now, and keeps nothing else from coming.
      if (looks === LOOKS || !(error instanceof OcrpipeError) || !MOVED.has(error.code)) throw error;
      look = () => loadCheckedView(input, { mostListed: Infinity });
    }
  }
}

function packsOf(tried: readonly LazyRun[]): number {
  return new Set(tried.flatMap(({ packs }) => [...packs])).size;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}

/** Says how many nodes came, and which runs; of all else the remote keeps count, also where this fails half-way. */
async function fetchOnce(
  input: FetchInput,
  remote: LazyRun,
): Promise<{ nodes: number; runs: readonly RunId[] }> {
  const walk = new WantedWalk(input.store, {
    look: async () => {
      const { view } = await remote.open();
      return (kind, id) => view.has(kind, id);
    },
    read: async (nodes, take) => {
      const { run } = await remote.open();
      await run.readSmall(
        nodes,
        ({ kind, id, bytes }) => {
          take(kind, id, bytes);
        },
        nodesAlongside,
      );
    },
  });
  await walk.walk(input.roots);
  if (walk.blobs.size > 0) await (await remote.open()).run.fetchBlobs(walk.blobs);
  const nodes = walk.wholeNodes();
  if (nodes.length > 0) storeNodes(input.store, nodes);
  const runs = await fetchRuns(input, async () => (await remote.open()).run);
  const missing =
    walk.missing.length === 0
      ? undefined
      : new MissingOnRemote({
          where: input.remote.where,
          files: walk.missing,
          lost: !(await remote.open()).view.intact,
        });
  if (remote.damaged.length > 0) throw new DamagedOnRemote(remote.damaged, missing);
  if (missing) throw missing;
  return { nodes: nodes.length, runs };
}

async function fetchRuns(
  { runKeys, runs, everyRun = false }: FetchInput,
  open: () => Promise<FetchRun>,
): Promise<readonly RunId[]> {
  if (runKeys === 'all') return (await open()).fetchRuns((run) => !runs.isWhole(run));
  const keys = new Set(everyRun ? runKeys : runKeys.filter((key) => !hasRecord(runs, key)));
  if (keys.size === 0) return [];
  return (await open()).fetchRuns((run) => keys.has(run.key) && !(everyRun && runs.isWhole(run)));
}

/** True if the store has a record of a run under this key that can be read. */
function hasRecord(runs: RunRecords, key: ContentId): boolean {
  return runs.list(key).some((record) => runs.isWhole({ key, record }));
}

/** After every blob, so that a node in the store is most often whole. */
function storeNodes(store: LocalStore, nodes: readonly { kind: NodeKind; bytes: Buffer }[]): void {
  const writer = store.writer();
  for (const { kind, bytes } of [...nodes].reverse()) writer.putTree(bytes, kind);
  writer.finish();
}

/** The remote is looked at when something is not in the store, and not before: a fetch of nothing needs no network. */
class LazyRun {
  readonly #input: FetchInput;
  readonly #look: () => Promise<RemoteView>;
  #opened: Promise<{ view: RemoteView; run: FetchRun }> | undefined;
  #run: FetchRun | undefined;

  constructor(input: FetchInput, look: () => Promise<RemoteView>) {
    this.#input = input;
    this.#look = look;
  }

  get objects(): number {
    return this.#run?.objects ?? 0;
  }

  get packs(): ReadonlySet<ContentId> {
    return this.#run?.packs ?? new Set();
  }

  get damaged(): readonly OcrpipeError[] {
    return this.#run?.damaged ?? [];
  }

  open(): Promise<{ view: RemoteView; run: FetchRun }> {
    this.#opened ??= this.#load();
    return this.#opened;
  }

  async #load(): Promise<{ view: RemoteView; run: FetchRun }> {
    const view = await this.#look();
    this.#run = new FetchRun(this.#input, view);
    return { view, run: this.#run };
  }
}
