/** What so many entries (commands, programs of threads) of some sixty need goes into one chunk: to open many small ones takes longer than to read in a large one what a command does not need. */
const SHARED_BY = 25;

/**
 * Groups for rolldown's `codeSplitting`: one chunk of what most commands need, and one of what programs of threads need of it,
 * which must start quickly. `entries`: modules that keep a file of their own; `threads`: those among them that are programs of threads.
 */
export function chunkGroups({ entries, threads }) {
  const alone = new Set(entries);
  let ofThreads;
  const name = (id, context) => {
    ofThreads ??= reachable(threads, (from) => context.getModuleInfo(from)?.importedIds ?? []);
    return ofThreads.has(id) ? 'shared-with-threads' : 'shared';
  };
  // Code that rolldown itself adds (its names begin with NUL) is needed before any chunk is.
  const test = (id) => !alone.has(id) && !id.startsWith('\0');
  return [
    { name, debugName: 'shared', test, minShareCount: SHARED_BY, includeDependenciesRecursively: false },
  ];
}

function reachable(starts, next) {
  const found = new Set(starts);
  // A set takes in what is added while it is gone through.
  for (const each of found) for (const other of next(each)) found.add(other);
  return found;
}
