import { describe, expect, it } from 'vitest';
import { globalFlagsLast, stdoutForm } from '../../src/cli/global-flags.js';

describe('global flags', () => {
  it.each([
    [
      ['-C', 'a', '--json', 'repro', 'train'],
      ['repro', 'train', '-C', 'a', '--json'],
    ],
    [
      ['--cwd=a', '-q', 'add', '--', '-x'],
      ['add', '--cwd=a', '-q', '--', '-x'],
    ],
    [
      ['add', '-C', 'a'],
      ['add', '-C', 'a'],
    ],
    [['--json'], ['--json']],
    [['-C'], ['-C']],
  ])('of %j move behind the command: %j', (typed, moved) => {
    expect(globalFlagsLast(typed)).toEqual(moved);
  });

  it('ask for JSON only before a bare --', () => {
    expect(stdoutForm(['status', '--json'])).toBe('json');
    expect(stdoutForm(['add', '--', '--json'])).toBe('text');
  });
});
