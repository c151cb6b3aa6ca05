import { join } from 'node:path';
import { FolderRemote } from '../../../src/remote/backends/folder.js';
import { runOcrpipe } from '../../rig/ocrpipe.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { GC, type KilledPlace } from './killed-gc.js';

/** A folder on which the command dies at its write of this number, whenever it is run. */
export function killedAtWrite(write: number): KilledPlace {
  const folder = join(temporaryFolder(), 'remote');
  return {
    settings: { url: folder },
    open: () => Promise.resolve(new FolderRemote(folder)),
    killed: async (cwd) => {
      const env = { OCRPIPE_TEST_KILL_AT: String(write) };
      const { signal, exitCode, stdout, stderr } = await runOcrpipe(GC, { cwd, env });
      if (signal !== 'SIGKILL' && exitCode !== 0) throw new Error(stdout + stderr);
      return signal === 'SIGKILL';
    },
  };
}
