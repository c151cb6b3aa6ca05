import type { LocalStore } from '../store/local-store.js';
import { hashingSink, type ScanSink } from './scan/sinks.js';
import type { Snapshot } from './workspace-files.js';

/** Keeps the nodes that `read` meets in the store as a listing: names and ids, no bytes of files. */
export async function keepListing(
  store: LocalStore,
  read: (sink: ScanSink) => Promise<Snapshot | undefined>,
): Promise<Snapshot | undefined> {
  const writer = store.writer();
  try {
    const sink = hashingSink({
      node: (node) => writer.putTree(node, 'listing'),
      knows: (directory) => writer.has('listing', directory),
      leavingLinks: 'follow',
    });
    const snapshot = await read(sink);
    writer.finish();
    return snapshot;
  } catch (error) {
    writer.abort();
    throw error;
  }
}
