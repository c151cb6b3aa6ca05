import { FolderRemote } from '../../../src/remote/backends/folder.js';
import { MemoryRemote } from '../../../src/remote/backends/memory.js';
import { RetryingRemote } from '../../../src/remote/backends/retry.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { remoteConformance } from './conformance.js';

remoteConformance('memory', () => {
  const shared = new Map<string, Buffer>();
  return Promise.resolve(() => Promise.resolve(new MemoryRemote('memory', shared)));
});

remoteConformance('a folder', () => {
  const folder = temporaryFolder();
  return Promise.resolve(() => Promise.resolve(new FolderRemote(folder)));
});

remoteConformance('a folder behind retries', () => {
  const folder = temporaryFolder();
  return Promise.resolve(() => Promise.resolve(new RetryingRemote(new FolderRemote(folder))));
});
