import { describe, expect, it } from 'vitest';
import { countText } from '../../src/base/count-text.js';
import { bytesText, secondsText } from '../../src/cli/units.js';

describe('amounts for people', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_999, '1.0 MB'],
    [6_123_456, '6.1 MB'],
    [123_456_789, '123 MB'],
    [2e15, '2000 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it.each([
    [0.04, '0.0 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.6, '1 min 0 s'],
    [200, '3 min 20 s'],
    [7500, '2 h 5 min'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(secondsText(seconds)).toBe(text);
  });

  it('counts in the singular and the plural', () => {
    expect([countText(1, 'file'), countText(2, 'file')]).toEqual(['1 file', '2 files']);
  });
});
