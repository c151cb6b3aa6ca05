import { closest, distance } from 'fastest-levenshtein';

/** The known name that a typed one most likely meant, or undefined if none is near. */
export function nearestName(typed: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(typed, [...known]);
  return distance(typed, best) <= Math.max(2, Math.floor(typed.length / 3)) ? best : undefined;
}

/** " Did you mean 'x'?" or the list of what is known, for the end of a hint. */
export function suggest(typed: string, known: readonly string[]): string {
  const near = nearestName(typed, known);
  return near === undefined ? `Known here: ${[...known].sort().join(', ')}.` : `Did you mean '${near}'?`;
}
