import { expect, test } from 'vitest';
import { visible, visibleInLine, visibleMessage } from '../../src/cli/visible.js';

test('what would steer a terminal is written out, and all else stays', () => {
  expect(visible('a\x1b[2Jb\rc\x7f\x9bd\0')).toBe('a\\x1b[2Jb\\x0dc\\x7f\\x9bd\\x00');
  expect(visible('é\t日本 e\u0301\n"\\" \u{1f600}')).toBe('é\t日本 e\u0301\n"\\" \u{1f600}');
});

test('in a line nothing begins another line', () => {
  expect(visibleInLine('a\x1b[2J\nb\tc é')).toBe('a\\x1b[2J\\x0ab\\x09c é');
  expect(visibleMessage('2 failed:\n  a\nerror: b\n  c')).toBe('2 failed:\n  a\\x0aerror: b\n  c');
});
