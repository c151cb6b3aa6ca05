import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { OcrpipeError } from '../../src/base/errors.js';
import { OCRPIPE_SCRIPT, runOcrpipe } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { everyCommand, refusalOf, type KnownCommand } from './every-command.js';

const commands = await everyCommand();
const command = (words: string): KnownCommand => commands.find((each) => each.words === words)!;

/** Words for everything that a command requires, but for the flag or argument named `but`. */
function required({ flags, args }: KnownCommand, but?: string): string[] {
  const wanted = (each: { name: string; required?: boolean }) => each.required && each.name !== but;
  return [
    ...args.filter(wanted).map(({ name }) => name),
    ...flags.filter(wanted).flatMap(({ name }) => [`--${name}`, 'x']),
  ];
}

async function expectRefusal(
  which: KnownCommand,
  argv: readonly string[],
  want: { code: string; message: string; hint?: string },
): Promise<void> {
  const error = await refusalOf(which, argv);
  expect(error).toBeInstanceOf(OcrpipeError);
  const { code, message, hint = '', exitCode } = error as OcrpipeError;
  expect({ code, message, exitCode }).toEqual({ code: want.code, message: want.message, exitCode: 2 });
  expect(hint).toContain(want.hint ?? `Usage: ocrpipe ${which.words}`);
  expect(hint).toContain(`'ocrpipe ${which.words} --help'`);
}

describe('a flag that people know from git', () => {
  it.each([
    ['commit', '-m', "committed by 'git commit -m MESSAGE'"],
    ['commit', '--message=x', "committed by 'git commit -m MESSAGE'"],
    ['add', '-A', "'ocrpipe commit' records everything"],
    ['rm', '--cached', 'leaves the files where they are'],
    ['checkout', '-b', "'git checkout -b NAME'"],
    ['push', '-u', "'git push'"],
    ['pull', '--rebase', "'git pull'"],
  ])("'ocrpipe %s %s' is refused with what to do instead", async (words, flag, hint) => {
    const which = command(words);
    const message = `'ocrpipe ${words}' has no flag ${flag.replace(/=.*/, '')}`;
    await expectRefusal(which, [...required(which), flag], { code: 'unknown-flag', message, hint });
  });
});

describe.each(commands)("'ocrpipe $words'", (each) => {
  const { words, args, flags } = each;
  const options = flags.flatMap((flag) => (flag.type === 'option' ? [flag] : []));
  const typedOptions = options.flatMap(({ name, char }) =>
    [`--${name}`, ...(char ? [`-${char}`] : [])].map((typed) => ({ name, typed })),
  );

  it('refuses a flag that it does not have, with the nearest that it has', async () => {
    await expectRefusal(each, [...required(each), '--jsno'], {
      code: 'unknown-flag',
      message: `'ocrpipe ${words}' has no flag --jsno`,
      hint: "Did you mean '--json'?",
    });
  });

  const needed = args.filter((arg) => arg.required);
  it.each(needed.slice(0, 1))('names $name and each other argument that is missing', async () => {
    await expectRefusal(each, required(each).slice(needed.length), {
      code: 'missing-argument',
      message: `'ocrpipe ${words}' needs ${needed.map((arg) => `${arg.name.toUpperCase()} (${arg.description ?? ''})`).join(' and ')}`,
    });
  });

  it.each(options.filter((flag) => flag.required))(
    'names the required --$name if it is missing',
    async ({ name, helpValue }) => {
      await expectRefusal(each, required(each, name), {
        code: 'missing-flag',
        message: `'ocrpipe ${words}' needs --${name} ${String(helpValue)}`,
      });
    },
  );

  it.each(typedOptions)('refuses $typed without a value', async ({ name, typed }) => {
    await expectRefusal(each, [...required(each, name), typed, '--json'], {
      code: 'flag-without-value',
      message: `--${name} needs a value`,
    });
  });

  it.each(options.filter(({ name, multiple }) => !multiple && name !== 'cwd'))(
    'refuses --$name given twice',
    async ({ name }) => {
      await expectRefusal(each, [...required(each, name), `--${name}`, '7', `--${name}=8`], {
        code: 'flag-repeated',
        message: `--${name} is given twice`,
      });
    },
  );

  it.each(options.flatMap(({ name, options: [first] = [] }) => (first ? [{ name, first }] : [])))(
    'names the nearest value that --$name can have',
    async ({ name, first }) => {
      await expectRefusal(each, [...required(each, name), `--${name}`, `${first}x`], {
        code: 'invalid-choice',
        message: `--${name} cannot be '${first}x'`,
        hint: `Did you mean '${first}'?`,
      });
    },
  );

  it.each(options.filter(({ helpValue }) => helpValue === 'N'))(
    'refuses what is no number for --$name',
    async ({ name }) => {
      const error = (await refusalOf(each, [...required(each), `--${name}`, 'many'])) as OcrpipeError;
      expect(error).toMatchObject({ code: 'bad-number', exitCode: 2 });
      expect(error.message).toMatch(new RegExp(`^--${name} is a (whole )?number.*, not 'many'$`));
      expect(error.hint).toContain(`Usage: ocrpipe ${words}`);
    },
  );

  it.each(options.filter(({ name }) => name === 'link'))(
    'names the nearest type of link for --$name',
    async ({ name }) => {
      await expectRefusal(each, [...required(each), `--${name}`, 'copy,hardlnk'], {
        code: 'link-type',
        message: "'hardlnk' is no type of link",
        hint: "Did you mean 'hardlink'? For example '--link hardlink,copy'.",
      });
    },
  );

  it.each(each.Class.strict ? [args.length] : [])('refuses more than %d arguments', async () => {
    const typed = Array.from({ length: args.length + 1 }, (_, index) => `word${index}`);
    await expectRefusal(each, [...typed, ...required(each).slice(needed.length)], {
      code: 'unexpected-argument',
      message: `'ocrpipe ${words}' takes no ${args.length > 0 ? 'further ' : ''}argument 'word${args.length}'`,
    });
  });
});

describe('a refused command line', () => {
  it.each([
    ['repro', ['--downstream', '-p'], '--downstream', '--pipeline'],
    ['dag', ['--dot', '--mermaid'], '--mermaid', '--dot'],
    ['metrics show', ['--md', '--json'], '--md', '--json'],
  ])('%s says which flags exclude each other', async (words, argv, one, other) => {
    await expectRefusal(command(words), argv, {
      code: 'conflicting-flags',
      message: `${one} and ${other} exclude each other`,
    });
  });

  it('names all that is missing at once', async () => {
    await expectRefusal(command('train'), [], {
      code: 'missing-flag',
      message: "'ocrpipe train' needs --train FILE, --val FILE and --out DIR",
    });
    await expectRefusal(command('predict'), [], {
      code: 'missing-argument',
      message:
        "'ocrpipe predict' needs PATH (images, folders, patterns of names, or - for a list on standard input) and --model DIR",
    });
  });

  it('names a variable of the environment that has a value which the flag cannot have', async () => {
    const { stderr, exitCode } = await runOcrpipe(['predict', '--model', 'm', 'x'], {
      cwd: temporaryFolder(),
      env: { OCRPIPE_BACKEND: 'wasn' },
    });
    expect({ stderr, exitCode }).toMatchObject({ exitCode: 2 });
    expect(stderr).toContain("OCRPIPE_BACKEND cannot be 'wasn' [invalid-choice]");
    expect(stderr).toContain("Did you mean 'wasm'?");
  });

  it('takes no argument from its standard input', () => {
    const options = { cwd: temporaryFolder(), input: 'train\n', encoding: 'utf8' } as const;
    const { stderr } = spawnSync(process.execPath, [OCRPIPE_SCRIPT, 'why'], options);
    expect(stderr).toContain('[missing-argument]');
  });

  it.each([
    [['help', 'repor'], "Did you mean 'ocrpipe repro'?"],
    [['repor', '--help'], "Did you mean 'ocrpipe repro'?"],
    [['help', 'remote', 'ad'], "Did you mean 'ocrpipe remote add'?"],
    [['remote', 'ad', '-h'], "Did you mean 'ocrpipe remote add'?"],
    [['remote', 'lst'], "Did you mean 'ocrpipe remote list'?"],
  ])('%j is no command, and the nearest is named', async (args, hint) => {
    const { stderr, stdout, exitCode } = await runOcrpipe(args, { cwd: temporaryFolder() });
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toContain('is not a command of ocrpipe [unknown-command]');
    expect(stderr).toContain(hint);
  });

  it('that begins with an unknown flag names the nearest', async () => {
    const { stderr, exitCode } = await runOcrpipe(['--verison'], { cwd: temporaryFolder() });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      "ocrpipe has no flag --verison [unknown-flag]\n  hint: Did you mean '--version'?",
    );
  });
});
