// The pipelines that are measured: stages with what they run, read and make, as every tool is told.

/** Each stage reads what the one before it made. */
export function chain(count) {
  return Array.from({ length: count }, (_, index) => {
    const dep = index === 0 ? 'seed.txt' : `o${index - 1}.txt`;
    return { name: `s${index}`, run: `cat ${dep} > o${index}.txt`, deps: [dep], outs: [`o${index}.txt`] };
  });
}

/** Each stage reads the same file. */
export function apart(count) {
  return Array.from({ length: count }, (_, index) => ({
    name: `s${index}`,
    run: `echo ${index} > o${index}.txt`,
    deps: ['seed.txt'],
    outs: [`o${index}.txt`],
  }));
}

/** Eight stages that sleep for two seconds each: one, six side by side, one. On four slots the best is eight seconds. */
export function diamond() {
  const middle = Array.from({ length: 6 }, (_, index) => ({
    name: `m${index}`,
    run: `sleep 2; echo ${index} > m${index}.txt`,
    deps: ['first.txt'],
    outs: [`m${index}.txt`],
  }));
  const first = {
    name: 'first',
    run: 'sleep 2; echo 0 > first.txt',
    deps: ['seed.txt'],
    outs: ['first.txt'],
  };
  const last = {
    name: 'last',
    run: 'sleep 2; echo 9 > last.txt',
    deps: middle.map(({ outs }) => outs[0]),
    outs: ['last.txt'],
  };
  return [first, ...middle, last];
}

/** What the diamond takes on four slots if nothing but its stages takes time. */
export const DIAMOND_SECONDS = 8;
