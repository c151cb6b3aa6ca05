// A process of its own for the tests of the store: node read-child.mjs STORE BLOB…
// Reads the blobs; prints how many are sound. OCRPIPE_TEST_KILL_AT kills it on the way.
import { LocalStore } from '../../.cache/modules/store/local-store.js';

const [root, ...ids] = process.argv.slice(2);
const store = LocalStore.open(root);
process.stdout.write(String(ids.filter((id) => store.holds('blob', id)).length));
