import { userError } from '../../base/errors.js';
import { characters } from './code-points.js';

/**
 * The characters a model can read, each with its class index: code points of NFC text (see {@link characters}).
 * CTC's blank is no character: models that need one put it behind the last, at index `size`.
 */
export interface Alphabet {
  readonly characters: readonly string[];
  readonly size: number;
  /** Class indices of a label; undefined if a character is not in the alphabet (see `missing`). */
  encode(text: string): Int32Array | undefined;
  /** The text of class indices; an index outside the alphabet (the blank) adds nothing. */
  decode(indices: Iterable<number>): string;
  /** The characters of `text` that are not in the alphabet, each once, in order. */
  missing(text: string): string[];
}

/** An alphabet with the classes in the given order. Throws `bad-alphabet` for a repeated or an empty entry, or none. */
export function alphabetOf(text: string | readonly string[]): Alphabet {
  const list = typeof text === 'string' ? characters(text) : text.map(singleCharacter);
  const indices = new Map(list.map((character, index) => [character, index]));
  if (list.length === 0) throw badAlphabet('it has no characters');
  if (indices.size < list.length) {
    const repeated = list.find((character, index) => indices.get(character) !== index) ?? '';
    throw badAlphabet(`${describeCharacter(repeated)} is in it twice`);
  }
  return {
    characters: list,
    size: list.length,
    encode(label) {
      const found = characters(label).map((character) => indices.get(character) ?? -1);
      return found.includes(-1) ? undefined : Int32Array.from(found);
    },
    decode: (classes) => Array.from(classes, (index) => list[index] ?? '').join(''),
    missing: (label) => [...new Set(characters(label))].filter((character) => !indices.has(character)),
  };
}

/** The alphabet of some labels, in code point order, so that the order of the labels does not matter. */
export function learnAlphabet(labels: Iterable<string>): Alphabet {
  const seen = new Set<string>();
  for (const label of labels) for (const character of characters(label)) seen.add(character);
  return alphabetOf([...seen].sort(compareCharacters));
}

/** Code point order; '' comes first. */
export function compareCharacters(a: string, b: string): number {
  return (a.codePointAt(0) ?? -1) - (b.codePointAt(0) ?? -1);
}

/** `'ä' (U+00E4)`: a character that can be told from its look-alikes. */
export function describeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `'${character}' (U+${code.toString(16).toUpperCase().padStart(4, '0')})`;
}

function singleCharacter(entry: string): string {
  const [character, ...rest] = characters(entry);
  if (character === undefined || rest.length > 0) throw badAlphabet(`'${entry}' is not one character`);
  return character;
}

function badAlphabet(reason: string): Error {
  return userError('bad-alphabet', `the alphabet cannot be used: ${reason}`, {
    hint: 'Give each character once; a character is one Unicode code point of the composed form (NFC).',
  });
}
