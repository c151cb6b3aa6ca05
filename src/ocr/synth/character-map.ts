/**
 * The glyphs of a font's `cmap` (the OpenType specification, version 1.9): by code point, 0 for none. `table` is where it begins. Throws an error that says why, if there is no
 * map of Unicode that is read.
 */
export function glyphsOf(view: DataView, table: number): (codePoint: number) => number {
  const subtables = new Map<number, number>();
  for (let index = 0; index < view.getUint16(table + 2); index += 1) {
    const offset = table + view.getUint32(table + 4 + index * 8 + 4);
    subtables.set(view.getUint16(offset), offset);
  }
  const groups = subtables.get(12);
  if (groups !== undefined) return (codePoint) => inGroups(view, groups, codePoint);
  const segments = subtables.get(4);
  if (segments !== undefined) return (codePoint) => inSegments(view, segments, codePoint);
  throw new Error('it has no Unicode character map (cmap format 4 or 12)');
}

/** cmap format 12: groups of consecutive code points. */
function inGroups(view: DataView, table: number, codePoint: number): number {
  for (let index = 0; index < view.getUint32(table + 12); index += 1) {
    const group = table + 16 + index * 12;
    const first = view.getUint32(group);
    if (codePoint < first || codePoint > view.getUint32(group + 4)) continue;
    return view.getUint32(group + 8) + codePoint - first;
  }
  return 0;
}

/** cmap format 4: segments of the basic plane, glyph 0 standing for none. */
function inSegments(view: DataView, table: number, codePoint: number): number {
  const doubled = view.getUint16(table + 6);
  for (let at = 0; at < doubled; at += 2) {
    if (codePoint > view.getUint16(table + 14 + at)) continue;
    const first = view.getUint16(table + 16 + doubled + at);
    if (codePoint < first) return 0;
    const delta = view.getUint16(table + 16 + 2 * doubled + at);
    const rangeAt = table + 16 + 3 * doubled + at;
    const range = view.getUint16(rangeAt);
    if (range === 0) return (codePoint + delta) & 0xffff;
    const glyph = view.getUint16(rangeAt + range + (codePoint - first) * 2);
    return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
  }
  return 0;
}
