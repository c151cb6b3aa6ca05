import { lstatSync } from 'node:fs';
import { fromRepoPath, type RepoPath } from '../base/paths.js';
import { hasOwnNodes } from '../store/closure.js';
import type { LocalStore } from '../store/local-store.js';
import type { StoreWriter } from '../store/store-writer.js';
import type { NodeSink } from '../store/tree-builder.js';
import { bytePath, type BytePath } from './byte-path.js';
import { wholeOf } from './partial/parts-memory.js';
import type { LastPut } from './pointers/last-put.js';
import { passedOver } from './pointers/pointers-inside.js';
import { askedOnce } from './scan/file-times.js';
import { NodeMemory, storingSink } from './scan/sinks.js';
import { scanPath, type ScanContext } from './scan/snapshot.js';
import type { PackSizes } from './scan/stat-index-format.js';
import type { CallOptions, Snapshot } from './workspace-files.js';
import { linksRefused, refuseOwnFolders } from './workspace-place.js';

interface StoringContext {
  scan: ScanContext;
  store: LocalStore;
  lastPut: LastPut;
}

/** One writer for all paths: their files share packs, and disk and memory of what was seen are written to once. */
interface Storing extends StoringContext {
  writer: StoreWriter;
  /** The packs when it began. */
  packs: PackSizes;
  /** See `isWholeFolder`. */
  isWhole: boolean;
}

/** What is at each of some paths, all of it in the store when this returns: see `WorkspaceFiles.storeAll`. */
export async function storePaths(
  context: StoringContext,
  paths: readonly RepoPath[],
  options?: CallOptions,
): Promise<(Snapshot | undefined)[]> {
  const { store } = context;
  const scan = { ...context.scan, times: askedOnce(context.scan.times) };
  const refuseLinks = linksRefused(scan.root, { end: true, storeLinks: scan.storeLinks });
  for (const path of paths) {
    refuseOwnFolders(path);
    refuseLinks(path);
  }
  const folders = new Set(paths.filter((path) => isWholeFolder(context, path)));
  const packs = folders.size > 0 ? store.packSizes() : new Map<never, never>();
  const writer = store.writer();
  try {
    return await scan.index.savingOnce(async () => {
      const snapshots: (Snapshot | undefined)[] = [];
      for (const path of paths) {
        const isWhole = folders.has(path);
        snapshots.push(await storeOne({ ...context, scan, writer, packs, isWhole }, path, options));
      }
      await writer.settled();
      writer.finish();
      if (folders.size > 0) scan.index.rememberStored([...folders].map(bytePath), packs, store.packSizes());
      return snapshots;
    });
  } catch (error) {
    await writer.settled().catch(() => undefined);
    writer.abort();
    throw error;
  }
}

async function storeOne(
  storing: Storing,
  path: RepoPath,
  options?: CallOptions,
): Promise<Snapshot | undefined> {
  const { scan, store, lastPut, writer, packs, isWhole } = storing;
  const nodes = new NodeMemory();
  const pointers: BytePath[] = [];
  const put: NodeSink = (node) => writer.putTree(node, 'tree');
  const sink = storingSink(writer, {
    node: isWhole ? put : (node) => (nodes.sink(node), put(node)),
    // A node that was lost or damaged is stored anew.
    knows: (id) => isWhole && hasOwnNodes({ reader: store, id }),
    ...(isWhole && { packs: () => packs, nodes: store }),
    pointer: (pointer) => pointers.push(pointer),
  });
  const found = await scanPath(scan, path, sink, options);
  tellPassedOver(path, pointers, options);
  return wholeOf(store, lastPut.read(path), { found, nodes, put });
}

function tellPassedOver(path: RepoPath, pointers: readonly BytePath[], options?: CallOptions): void {
  const warning = passedOver(path, pointers);
  if (warning === undefined) return;
  const { code, message, hint } = warning;
  options?.events?.({ type: 'note', level: 'warning', code, message: `${message}. ${hint}.` });
}

/** Whether the whole of a directory is to be there: of one that was only partly put there, the rest is in no file. */
function isWholeFolder({ scan, lastPut }: StoringContext, path: RepoPath): boolean {
  const stat = lstatSync(fromRepoPath(scan.root, path), { throwIfNoEntry: false });
  return stat?.isDirectory() === true && lastPut.read(path).parts === undefined;
}
