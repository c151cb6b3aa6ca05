/** Which paths are meant, told level by level. Names and paths are raw bytes, one character a byte (latin1). */
export interface PathPattern {
  /** As it was typed, from this level on. A path that is exactly this is meant alone, whatever the pattern matches besides. */
  readonly text?: string;
  /** 'whole' for a name that is meant with all that is below it, what goes on below it, undefined for neither. */
  step(name: string, kind: 'folder' | 'other'): 'whole' | PathPattern | undefined;
}

/** Of what a pattern matched only the path that is written as the pattern is, if there is one: 'a[1].png' is a name, too. */
export function exactlyOrAll<Found extends { path: string }>(
  { text }: PathPattern,
  found: readonly Found[],
): readonly Found[] {
  const exact = text === undefined ? [] : found.filter(({ path }) => path === text);
  return exact.length > 0 ? exact : found;
}
