import { parentPort } from 'node:worker_threads';
import { placeFiles, WINDOW_BYTES, type PlaceRequest } from './place-files.js';

const window = Buffer.allocUnsafe(WINDOW_BYTES);

/** A thread of {@link PlacingThreads}: answers each request with its result, in order. */
parentPort!.on('message', (request: PlaceRequest) => {
  const result = placeFiles(request, window);
  parentPort!.postMessage(result, [result.buffer]);
});
