/** The four 32-bit words of a generator: all there is to continue it elsewhere. */
export type RandomState = readonly [number, number, number, number];

/**
 * A seeded generator: xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021).
 * The same seed gives the same numbers on every machine. Not for secrets.
 */
export interface Random {
  /** Uniform over the integers 0 … 2^32 - 1. */
  uint32(): number;
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform over the integers 0 … count - 1, without bias; `count` is a whole number from 1 to 2^32 (RangeError). */
  below(count: number): number;
  /** Standard normal. */
  normal(): number;
  state(): RandomState;
}

/**
 * A generator for `seed` and the named streams under it: `randomFrom(7, 'augment', epoch, sample)`. Different names
 * give unrelated numbers, so that drawing more in one place changes nothing in another.
 */
export function randomFrom(seed: number | string, ...streams: readonly (number | string)[]): Random {
  const hash = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef];
  // Numbers and texts stay apart (7 is not '7'), and so do ('ab', 'c') and ('a', 'bc').
  const name = [seed, ...streams].map((part) => JSON.stringify(part)).join('\u0000');
  for (let index = 0; index < name.length; index += 1) {
    const unit = name.charCodeAt(index);
    for (let word = 0; word < 4; word += 1) {
      const mixed = Math.imul((hash[word]! ^ unit) + word, 0x85ebca6b ^ (word * 0x27d4eb2e));
      hash[word] = (mixed << 13) | (mixed >>> 19);
    }
  }
  const state: number[] = hash.map((word) => splitMix(word));
  if (!state.some((word) => word !== 0)) state[0] = 1;
  const random = randomFromState(state as unknown as RandomState);
  for (let round = 0; round < 8; round += 1) random.uint32();
  return random;
}

/** The finaliser of MurmurHash3: every bit of the input reaches every bit of the output. */
function splitMix(word: number): number {
  let mixed = word >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Continues a generator whose `state()` was kept. */
export function randomFromState(state: RandomState): Random {
  let [a, b, c, d] = state;
  const uint32 = (): number => {
    const times5 = Math.imul(b, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const uniform = (): number => uint32() / 0x1_0000_0000;
  return {
    uint32,
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    below: (count) => below(uint32, count),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    state: () => [a >>> 0, b >>> 0, c >>> 0, d >>> 0],
  };
}

function below(uint32: () => number, count: number): number {
  if (!Number.isInteger(count) || count < 1 || count > 0x1_0000_0000) {
    throw new RangeError(`nothing can be drawn from ${count} numbers`);
  }
  const limit = 0x1_0000_0000 - (0x1_0000_0000 % count);
  for (;;) {
    const drawn = uint32();
    if (drawn < limit) return drawn % count;
  }
}

/** A new array in a random order (Fisher and Yates; Durstenfeld's form). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const chosen = random.below(last + 1);
    [result[last], result[chosen]] = [result[chosen]!, result[last]!];
  }
  return result;
}
