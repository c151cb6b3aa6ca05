import { parentPort } from 'node:worker_threads';
import { readFiles, type ReadRequest } from './read-files.js';

/** A thread of {@link ReadingThreads}: answers each request with its result, in order. */
parentPort!.on('message', (request: ReadRequest) => {
  const result = readFiles(request);
  parentPort!.postMessage(result, [result.bytes.buffer]);
});
