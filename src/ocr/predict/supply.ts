/** Items that become known by and by. */
export interface Supply<T> {
  /** How many there will be, if that is known. */
  readonly total: number | undefined;
  /**
   * Up to `most` of the next ones, in their order. With `wait` at least one, and none only when there are no more; without it those
   * that are known now.
   */
  take(most: number, wait: boolean): Promise<readonly T[]>;
}

/** All of them are known. */
export function supplyOf<T>(items: readonly T[]): Supply<T> {
  let taken = 0;
  return {
    total: items.length,
    take: (most) => {
      const next = items.slice(taken, taken + most);
      taken += next.length;
      return Promise.resolve(next);
    },
  };
}
