import { join } from 'node:path';
import { killedAt } from '../rig/action-process.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { killedAtRandom } from './sigkill.js';

/** Rather fewer than a push or a pull of this data has. */
const WRITES = 25;

killedAtRandom('a folder', 4, {
  place: () => ({ url: join(temporaryFolder(), 'remote') }),
  killed: (folder, action, random) => killedAt(folder, 1 + random.below(WRITES), action),
});
