import type { LocalStore } from '../store/local-store.js';
import { storingSink, type ScanSink } from './scan/sinks.js';
import type { Snapshot } from './workspace-files.js';

/** Stores every byte and node that `read` meets, through links, as a program sees it that reads there; durable when it returns. */
export async function storeWhatIsRead(
  store: LocalStore,
  read: (sink: ScanSink) => Promise<Snapshot | undefined>,
): Promise<Snapshot | undefined> {
  const writer = store.writer();
  const sink = storingSink(writer, { node: (node) => writer.putTree(node, 'tree'), knows: () => false });
  try {
    const snapshot = await read({ ...sink, leavingLinks: 'follow' });
    await writer.settled();
    writer.finish();
    return snapshot;
  } catch (error) {
    await writer.settled().catch(() => undefined);
    writer.abort();
    throw error;
  }
}
