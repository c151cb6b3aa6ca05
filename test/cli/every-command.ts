import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Config, type Command } from '@oclif/core';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A command of src/commands, and the words that name it. */
export interface KnownCommand {
  words: string;
  Class: Command.Class;
  args: (Command.Arg & { name: string })[];
  /** Its own flags and those of every command. */
  flags: (Command.Flag & { name: string })[];
}

/** Every command of ocrpipe, by name. */
export async function everyCommand(): Promise<KnownCommand[]> {
  const folder = new URL('../../src/commands/', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return Promise.all(
    files.sort().map(async (file) => {
      const { default: Class } = (await import(new URL(file, folder).href)) as { default: Command.Class };
      Class.id = file.replace(/\.ts$/, '').replaceAll('/', ':');
      const flags = { ...Class.baseFlags, ...Class.flags };
      return { words: Class.id.replaceAll(':', ' '), Class, args: named(Class.args), flags: named(flags) };
    }),
  );
}

function named<T extends object>(definitions: Record<string, T> | undefined): (T & { name: string })[] {
  return Object.entries(definitions ?? {}).map(([name, definition]) => ({ ...definition, name }));
}

/** The error with which a command line ends. It is given a folder that is not there: nothing runs if it is not refused. */
export async function refusalOf({ Class }: KnownCommand, argv: readonly string[]): Promise<unknown> {
  const config = await Config.load(root);
  const after = argv.includes('--') ? [] : ['-C', 'no such folder'];
  try {
    await Class.run([...argv, ...after], config);
  } catch (error) {
    return error;
  }
  throw new Error(`'${Class.id}' accepted ${argv.join(' ')}`);
}
