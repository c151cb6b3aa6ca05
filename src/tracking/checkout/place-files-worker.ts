import { parentPort } from 'node:worker_threads';
import { placeFiles, type PlaceRequest } from './place-files.js';

/** A thread of {@link PlacingThreads}: answers each request with its result, in order. */
parentPort!.on('message', (request: PlaceRequest) => {
  const result = placeFiles(request);
  parentPort!.postMessage(result, [result.buffer]);
});
