import { parentPort, workerData } from 'node:worker_threads';
import { answerRequest, refusal, transferable } from './answer-request.js';
import type { LoaderData, LoaderRequest } from './loader-protocol.js';
import { serveRequests, type WatchedThreadData } from './serve-requests.js';

/** The thread that reads, varies and packs images. */
serveRequests(parentPort!, workerData as WatchedThreadData, async (request, { data, begin }) => {
  try {
    const answer = await answerRequest(request as LoaderRequest, data as LoaderData, begin);
    return { answer, transfer: transferable(answer) };
  } catch (error) {
    return { refusal: refusal(error) };
  }
});
