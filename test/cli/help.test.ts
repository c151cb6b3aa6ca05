import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runServed } from '../rig/served-commands.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { root } from './every-command.js';

interface Described {
  name: string;
  type?: 'boolean' | 'option';
  description?: string;
  allowNo?: boolean;
  helpValue?: string;
}

interface Manifest {
  commands: Record<
    string,
    {
      id: string;
      hidden: boolean;
      summary?: string;
      examples?: string[];
      args: Record<string, Described>;
      flags: Record<string, Described>;
    }
  >;
}

const manifest = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as Manifest;
/** Those that people are told of; hidden ones are called by ocrpipe itself. */
const commands = Object.values(manifest.commands).filter(({ hidden }) => !hidden);
const flags = commands.flatMap(({ id, flags: own }) => Object.values(own).map((flag) => ({ ...flag, id })));

describe('help --json', () => {
  it('lists every command with what it takes, or only those that are named', async () => {
    const all = await helpOf();
    expect(all.map(({ name }) => name)).toEqual(commands.map(({ id }) => id.replaceAll(':', ' ')).sort());
    expect(await helpOf('remote')).toHaveLength(5);
    expect(await helpOf('remote', 'add')).toMatchObject([
      {
        usage: 'ocrpipe remote add NAME URL [flags]',
        arguments: [{ name: 'name', required: true }, { name: 'url' }],
        flags: expect.arrayContaining([
          expect.objectContaining({ name: 'region', value: 'REGION' }),
        ]) as unknown,
      },
    ]);
  });

  it('refuses what is no command in one document', async () => {
    const { exitCode, stdout } = await runServed(['help', 'nothing', '--json'], { cwd: temporaryFolder() });
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'unknown-command' } });
  });
});

async function helpOf(...words: string[]): Promise<readonly { name: string }[]> {
  const { stdout } = await runServed(['help', ...words, '--json'], { cwd: temporaryFolder() });
  return (JSON.parse(stdout) as { commands: { name: string }[] }).commands;
}

describe('the help of every command', () => {
  it.each(commands)('$id has a sentence of its own and examples', ({ summary, examples }) => {
    expect(summary).toMatch(/^[A-Z].*\.$/);
    expect(examples).not.toEqual([]);
  });

  it.each(commands)('$id describes each of its arguments and flags, all in one style', (command) => {
    for (const { name, description } of [...Object.values(command.args), ...Object.values(command.flags)]) {
      expect({ name, description }).toEqual({
        name,
        description: expect.stringMatching(/^\S.*[^.\s]$/) as string,
      });
      expect(description).not.toMatch(/^[A-Z][a-z]+ [a-z]/);
    }
  });

  it('says of each flag that can be turned off how it stands', () => {
    const silent = flags.filter(
      ({ allowNo, description }) => allowNo && !description?.includes('(default: '),
    );
    expect(silent).toEqual([]);
  });

  it('has a word for the value of each option', () => {
    const nameless = flags.filter(
      ({ type, helpValue }) => type === 'option' && !/^[A-Z]/.test(helpValue ?? ''),
    );
    expect(nameless).toEqual([]);
  });

  it('shows a default that is 0', async () => {
    const { stdout } = await runServed(['synth', '--help'], { cwd: temporaryFolder() });
    expect(stdout).toMatch(/--seed=N +\[default: 0\]/);
  });

  it.each(commands)('is shown for $id, with its usage line', async ({ id }) => {
    const words = id.split(':');
    const [flag, command] = await Promise.all([
      runServed([...words, '--help'], { cwd: temporaryFolder() }),
      runServed(['help', ...words], { cwd: temporaryFolder() }),
    ]);
    expect(flag).toEqual(command);
    expect(flag).toMatchObject({ exitCode: 0, stderr: '' });
    expect(flag.stdout).toContain(`USAGE\n  $ ocrpipe ${words.join(' ')}`);
    expect(flag.stdout).not.toMatch(/<(value|option)>/);
  });
});
