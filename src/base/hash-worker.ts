import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { HashRequest } from './running-hash.js';

/** The thread of a running hash: answers each piece when it is hashed, and the end with the hash of all. */
const hash = createHash('sha256');
parentPort!.on('message', (request: HashRequest) => {
  if (request === 'end') parentPort!.postMessage(hash.digest('hex'));
  else {
    hash.update(request);
    parentPort!.postMessage('');
  }
});
