import { parentPort, workerData } from 'node:worker_threads';
import type { LoadOptions } from '../images/load.js';
import { serveRequests, type WatchedThreadData } from '../loading/serve-requests.js';
import { answerReading, type ReadingRequest } from './answer-reading.js';

/** The thread that reads images for a model that reads. */
serveRequests(parentPort!, workerData as WatchedThreadData, async (request, { data, begin }) => {
  const answer = await answerReading(request as ReadingRequest, data as LoadOptions, begin);
  return { answer, transfer: [answer.pixels] };
});
