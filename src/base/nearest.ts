import { closest, distance } from 'fastest-levenshtein';

/** The known name that a typed one most likely meant, or undefined if none is near. */
export function nearestName(typed: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(typed, [...known]);
  return distance(typed, best) <= Math.max(2, Math.floor(typed.length / 3)) ? best : undefined;
}

/** Names listed in one hint at most. */
const LISTED = 8;

/** "Did you mean 'x'?", or what is known, the nearest first, for the end of a hint. */
export function suggest(typed: string, known: readonly string[]): string {
  const near = nearestName(typed, known);
  return near === undefined ? listNearest(typed, known) : `Did you mean '${near}'?`;
}

function listNearest(typed: string, known: readonly string[]): string {
  if (known.length === 0) return 'Nothing is known here.';
  const distances = new Map(known.map((name) => [name, distance(typed, name)]));
  const names = [...distances.keys()]
    .sort()
    .sort((a, b) => distances.get(a)! - distances.get(b)!)
    .slice(0, LISTED);
  const more = distances.size - names.length;
  return `Known here: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}
