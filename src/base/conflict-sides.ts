/** A text as the two sides of an unresolved merge have it, and as both had it before where the markers say. */
export interface ConflictSides {
  ours: string;
  theirs: string;
  base?: string;
}

const MARKERS = { ours: /^<{7}(?: |$)/, base: /^\|{7}(?: |$)/, theirs: /^={7}$/, end: /^>{7}(?: |$)/ };

/**
 * What each side of a text with the markers of git is; undefined if there are none, or if they are not in order. Lines outside of them belong
 * to all sides.
 */
export function conflictSides(text: string): ConflictSides | undefined {
  const sides = { ours: '', theirs: '', base: '' };
  let inside: 'ours' | 'base' | 'theirs' | undefined;
  let [found, hasBase] = [false, false];
  for (const line of text.split(/(?<=\n)/)) {
    const bare = line.replace(/\r?\n$/, '');
    if (inside === undefined && MARKERS.ours.test(bare)) {
      inside = 'ours';
      found = true;
    } else if (inside === 'ours' && MARKERS.base.test(bare)) {
      inside = 'base';
      hasBase = true;
    } else if ((inside === 'ours' || inside === 'base') && MARKERS.theirs.test(bare)) inside = 'theirs';
    else if (inside === 'theirs' && MARKERS.end.test(bare)) inside = undefined;
    else if (inside !== undefined) sides[inside] += line;
    else for (const side of ['ours', 'theirs', 'base'] as const) sides[side] += line;
  }
  if (!found || inside !== undefined) return undefined;
  const { ours, theirs, base } = sides;
  return { ours, theirs, ...(hasBase && { base }) };
}
