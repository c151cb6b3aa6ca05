import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { Parser } from '@oclif/core';
import { describe, expect, it } from 'vitest';
import { operandsApart, operandsTogether } from '../../src/cli/operands-apart.js';
import fc from '../rig/fast-check.js';

const definition = {
  strict: false,
  args: { path: Args.string() },
  flags: { file: Flags.string(), json: Flags.boolean({ char: 'j' }) },
};

/** Words as they are typed: names, flags with and without values, and the end of flags. */
const anyWords: fc.Arbitrary<string[]> = fc.array(
  fc.constantFrom('a', 'b', 'c', 'd', 'e', '-j', '--json', '--', '--file=f', '-'),
  {
    maxLength: 12,
  },
);
/** At most one flag with a value: two of it are refused. */
const anyLine = fc
  .tuple(anyWords, fc.option(fc.nat(12)))
  .map(([words, at]) =>
    at === null || words.includes('--file=f') ? words : words.toSpliced(at, 0, '--file', 'f'),
  );

const parse = async (argv: readonly string[]) => Parser.parse([...argv], definition);

describe('operands that are taken out of a command line', () => {
  it('leave its flags as they are, and come back as typed', async () => {
    await fc.assert(
      fc.asyncProperty(anyLine, async (line) => {
        if (line.filter((word) => word.startsWith('--file')).length > 1) return;
        const whole = await parse(line);
        const apart = operandsApart(line, definition);
        const parsed = await parse(apart.words);
        expect(parsed.flags).toEqual(whole.flags);
        expect(parsed.args).toEqual(whole.args);
        expect(operandsTogether(parsed.argv, apart).sort()).toEqual(whole.argv.sort());
      }),
    );
  });

  it('are all but those with a name, and stay in order', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => `file-${index}`);
    for (const line of [many, ['--file', 'f', ...many], [...many, '--json'], ['--', ...many]]) {
      const apart = operandsApart(line, definition);
      expect(apart.words.length).toBeLessThan(6);
      expect(operandsTogether((await parse(apart.words)).argv, apart)).toEqual(many);
    }
  });

  it('are none where too many are refused, or a flag takes all that follows', () => {
    const many = ['a', 'b', 'c'];
    expect(operandsApart(many, { ...definition, strict: true }).words).toEqual(many);
    const greedy = { name: Flags.string({ multiple: true }) };
    expect(operandsApart(['--name', ...many], { ...definition, flags: greedy }).words).toHaveLength(4);
  });
});
