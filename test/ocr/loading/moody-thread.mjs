// A watched thread that does with each item what its name says: 'exit', 'once NAME' (ends the first time, NAME is a file that remembers),
// 'grow' (until no memory is left), 'spin' (for ever), 'throw'; anything else is answered.
import { existsSync, writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
const { serveRequests } = await import(
  new URL('../../../.cache/modules/ocr/loading/serve-requests.js', import.meta.url).href
);

const moods = {
  exit: () => process.exit(7),
  throw: () => {
    throw new Error('thrown by the program');
  },
  grow: () => {
    const all = [];
    for (;;) all.push(new Array(10_000).fill(all.length));
  },
  spin: () => {
    for (;;);
  },
  once: (file) => {
    if (existsSync(file)) return;
    writeFileSync(file, '');
    process.exit(7);
  },
};

if (workerData.data === 'never starts') process.exit(9);
serveRequests(parentPort, workerData, (items, { begin }) => {
  items.forEach((item, index) => {
    begin(index);
    const [mood, rest] = item.split(' ');
    moods[mood]?.(rest);
  });
  if (items.includes('refuse')) {
    return Promise.resolve({ refusal: { code: 'refused', message: 'not this one', exitCode: 2 } });
  }
  return Promise.resolve({ answer: items.join('+') });
});
