import { FolderRemote } from '../../src/remote/backends/folder.js';
import { MemoryRemote } from '../../src/remote/backends/memory.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { roundTrips } from './round-trip.js';

roundTrips('memory', () => {
  const shared = new Map<string, Buffer>();
  return Promise.resolve(() => Promise.resolve(new MemoryRemote('memory', shared)));
});

roundTrips('a folder', () => {
  const folder = temporaryFolder();
  return Promise.resolve(() => Promise.resolve(new FolderRemote(folder)));
});
