import { isUtf8 } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { textOfBytes } from '../../src/base/byte-text.js';
import { bytePath, bytesOfText, utf8Beginning } from '../../src/tracking/byte-path.js';
import fc, { runs } from '../rig/fast-check.js';

const latin1 = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const nearEscapes = fc
  .array(fc.constantFrom('\\', 'x', '5', 'c', 'f', '\xff', '\xc3', '\xa4', '/', 'é'), { maxLength: 12 })
  .map((parts) => Buffer.from(parts.join(''), 'latin1').toString('latin1'));

describe('paths as bytes', () => {
  test('the text of any bytes stands for exactly these bytes', () => {
    fc.assert(
      fc.property(fc.oneof(latin1, nearEscapes), (bytes) => {
        expect(bytesOfText(textOfBytes(bytes))).toBe(bytes);
      }),
      { numRuns: runs(2000) },
    );
  });

  test('a path in UTF-8 is written as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('\\x') && !/\p{Surrogate}/u.test(text));
        expect(textOfBytes(bytePath(text))).toBe(text);
      }),
    );
  });

  test('of a path that was shown, the beginning that is UTF-8 is found again', () => {
    fc.assert(
      fc.property(fc.oneof(latin1, nearEscapes), (bytes) => {
        const names = bytes.split('/');
        const odd = names.findIndex((name) => !isUtf8(Buffer.from(name, 'latin1')));
        const sound = odd === -1 ? names : names.slice(0, odd);
        expect(bytePath(utf8Beginning(textOfBytes(bytes)))).toBe(sound.join('/'));
      }),
      { numRuns: runs(2000) },
    );
    expect(utf8Beginning('a\\x2f..\\x2fb')).toBe('a\\x2f..\\x2fb');
  });

  test('bytes that are not UTF-8 are escaped, and so is what looks like an escape', () => {
    expect(textOfBytes('a\xff\xc3\xa4')).toBe('a\\xffä');
    expect(textOfBytes('a\\xff')).toBe('a\\x5cxff');
    expect(textOfBytes('a\\b')).toBe('a\\b');
  });
});
