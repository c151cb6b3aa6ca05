/** Files and bytes from which on the bars hold. */
const MANY_FILES = 200_000;
const LARGE_BYTES = 1e9;
const PEAK_MB = 250;

/** Of each work: how many times as long as ocrpipe a tool must take at least, and requests of ocrpipe at most. */
const OF_MANY_FILES = {
  push: { times: { dvc: 40, s5cmd: 10 }, requests: 40 },
  'push again, nothing new': { times: { dvc: 40 }, requests: 3 },
  'push, one new file': { times: {}, requests: 6 },
  'pull into a fresh clone': { times: { dvc: 15, s5cmd: 4 } },
};
const COPIERS = ['dvc', 's5cmd', 'aws', 'rclone'];
const eachCopier = (times) => Object.fromEntries(COPIERS.map((tool) => [tool, times]));
const OF_LARGE_FILE = {
  'push one large file': { times: eachCopier(0.9) },
  'pull one large file': { times: eachCopier(0.6) },
};

/**
 * What must be reached in a row of the table, and whether it is: `{bar, reached}`; undefined where nothing is asked. `times`: how many
 * times as long as ocrpipe the tool took.
 */
export function barOf({ files, large }, { task, tool, times, peak, requests }) {
  const bar = (files >= MANY_FILES && OF_MANY_FILES[task]) || (large >= LARGE_BYTES && OF_LARGE_FILE[task]);
  if (!bar) return undefined;
  if (tool === 'ocrpipe') return ownBar(bar, { peak, requests });
  const least = bar.times[tool];
  return least === undefined ? undefined : { bar: `times ≥ ${least}`, reached: times >= least };
}

function ownBar(bar, { peak, requests }) {
  const isFew = bar.requests === undefined || (requests !== undefined && requests <= bar.requests);
  const least = bar.requests === undefined ? [] : [`requests ≤ ${bar.requests}`];
  return { bar: [`MB ≤ ${PEAK_MB}`, ...least].join(', '), reached: peak <= PEAK_MB && isFew };
}
