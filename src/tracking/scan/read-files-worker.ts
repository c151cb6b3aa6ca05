import { parentPort, workerData } from 'node:worker_threads';
import { readFiles } from './read-files.js';
import { ReadRoom } from './read-room.js';
import type { RoomRequest } from './reading-threads.js';

const rooms = (workerData as SharedArrayBuffer[]).map((shared) => new ReadRoom(shared));

/** A thread of the reading threads: reads what each request names into the room that it names, and answers with the ids. */
parentPort!.on('message', ({ room, ...request }: RoomRequest) => {
  parentPort!.postMessage(readFiles(request, rooms[room]!));
});
