/**
 * The characters of a text as ocrpipe counts them: Unicode code points of the NFC form, never UTF-16 units.
 * A base letter whose mark has no composed form (Fraktur's u + U+0364) stays two characters, which is what a recogniser
 * can learn to emit one after the other; decomposed input (NFD) gives the same characters as composed input.
 */
export function characters(text: string): string[] {
  return Array.from(text.normalize('NFC'));
}

/** The same as numbers, for algorithms that compare many times. */
export function codePoints(text: string): Uint32Array {
  return Uint32Array.from(characters(text), (character) => character.codePointAt(0)!);
}
