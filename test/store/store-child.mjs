// A process of its own for the tests of the store: node store-child.mjs STORE LARGE_FILE COUNT
// Stores the same small files, large file, tree, listing and run record each time. OCRPIPE_TEST_KILL_AT kills it on the way.
import { LocalStore } from '../../.cache/modules/store/local-store.js';
import { RunRecords } from '../../.cache/modules/store/run-records.js';
import { buildTree } from '../../.cache/modules/store/tree-builder.js';

const [root, largeFile, count] = process.argv.slice(2);
const store = LocalStore.create(root);
const writer = store.writer();
const entries = [];
try {
  for (let index = 0; index < Number(count); index += 1) {
    const bytes = Buffer.alloc(3000, String(index));
    const id = writer.putBlob(bytes);
    entries.push({ kind: 'file', name: `f${index}`, executable: false, size: bytes.length, id });
  }
  const { id, size } = await writer.putFile(largeFile);
  entries.push({ kind: 'file', name: 'large', executable: false, size, id });
  const tree = buildTree(entries, (node) => writer.putTree(node, 'tree'));
  buildTree(entries, (node) => writer.putTree(node, 'listing'));
  writer.finish();
  new RunRecords(root).put(tree.id, { tree: tree.id });
  process.stdout.write(tree.id);
} catch (error) {
  writer.abort();
  process.stdout.write(error.code);
  process.exitCode = 1;
}
