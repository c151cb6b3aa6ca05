import { expect, test } from 'vitest';
import { visible } from '../../src/cli/visible.js';

test('what would steer a terminal is written out, and all else stays', () => {
  expect(visible('a\x1b[2Jb\rc\x7f\x9bd\0')).toBe('a\\x1b[2Jb\\x0dc\\x7f\\x9bd\\x00');
  expect(visible('é\t日本 e\u0301\n"\\" \u{1f600}')).toBe('é\t日本 e\u0301\n"\\" \u{1f600}');
});
