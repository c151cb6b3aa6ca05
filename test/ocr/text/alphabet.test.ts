import { describe, expect, it } from 'vitest';
import { alphabetOf, describeCharacter, learnAlphabet } from '../../../src/ocr/text/alphabet.js';

describe('a learnt alphabet', () => {
  it('has each character of the labels once, in code point order', () => {
    expect(learnAlphabet(['皖A1', 'A2', '😀']).characters).toEqual(['1', '2', 'A', '皖', '😀']);
  });

  it('is the same for composed and decomposed labels', () => {
    const labels = ['Tiếng Việt', 'Đường Nguyễn Huệ'];
    const decomposed = labels.map((label) => label.normalize('NFD'));
    expect(learnAlphabet(decomposed).characters).toEqual(learnAlphabet(labels).characters);
    expect(learnAlphabet(labels).characters).toContain('ế');
  });

  it('keeps a mark without a composed form as a character of its own', () => {
    expect(learnAlphabet(['fu\u0364r']).characters).toEqual(['f', 'r', 'u', '\u0364']);
  });
});

describe('an alphabet', () => {
  it('encodes and decodes, leaving out the blank behind its last class', () => {
    const alphabet = alphabetOf('cab');
    expect(alphabet.encode('abba')).toEqual(Int32Array.of(1, 2, 2, 1));
    expect(alphabet.decode([1, 3, 2, 2, 3, 1])).toBe('abba');
  });

  it('names what it lacks instead of encoding', () => {
    const alphabet = alphabetOf(['a', 'e\u0301']);
    expect(alphabet.encode('xáé')).toBeUndefined();
    expect(alphabet.missing('xáéx')).toEqual(['x', 'á']);
    expect(describeCharacter('á')).toBe("'á' (U+00E1)");
  });

  it('given as a list has marks of their own, which a string composes', () => {
    expect(alphabetOf(['u', '\u0364', 'a', '\u0301']).characters).toEqual(['u', '\u0364', 'a', '\u0301']);
    expect(alphabetOf('ua\u0301').characters).toEqual(['u', 'á']);
  });

  it.each([['aa'], [''], [['ab']], [['']]])('refuses %j', (given) => {
    expect(() => alphabetOf(given)).toThrow(expect.objectContaining({ code: 'bad-alphabet', exitCode: 2 }));
  });
});
