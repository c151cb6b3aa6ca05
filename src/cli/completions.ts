import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What completion needs of `oclif.manifest.json`: commands by id, `remote:add` for `remote add`. */
export interface CommandTable {
  commands: Readonly<Record<string, KnownCommand>>;
}

interface KnownCommand {
  hidden?: boolean;
  args?: Readonly<Record<string, { options?: readonly string[] }>>;
  flags?: Readonly<Record<string, KnownFlag>>;
}

interface KnownFlag {
  type?: string;
  char?: string;
  hidden?: boolean;
  allowNo?: boolean;
  options?: readonly string[];
}

/** Commands whose words are stages, and those whose words are tracked paths. */
const OF_STAGES = new Set([
  'checkout',
  'repro',
  'why',
  'dag',
  'logs',
  'freeze',
  'unfreeze',
  'stage:rm',
  'resolve',
  'push',
  'pull',
  'fetch',
  'commit',
]);
const OF_PATHS = new Set([
  'add',
  'checkout',
  'commit',
  'fetch',
  'mv',
  'pull',
  'push',
  'resolve',
  'rm',
  'unlink',
  'update',
]);

/**
 * What may stand for the last of `words` (those behind `ocrpipe`, the last as far as it is typed): commands, flags and their values, stages, tracked
 * paths. Nothing where files are meant, which the shell completes itself. Reads little: it is asked at each press of a key.
 */
export function completions(words: readonly string[], table: CommandTable, cwd: string): string[] {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1).filter((word) => !word.startsWith('-'));
  const id = longestCommand(before, table);
  const command = id === undefined ? undefined : table.commands[id];
  const found = [
    ...(id === undefined || before.length === id.split(':').length ? subcommands(before, table) : []),
    ...(command ? ofCommand(id!, command, { words, typed, cwd }) : []),
  ];
  return [...new Set(found)].filter((each) => each.startsWith(typed)).sort();
}

function longestCommand(before: readonly string[], { commands }: CommandTable): string | undefined {
  const ids = before.map((_word, at) => before.slice(0, at + 1).join(':'));
  return ids.reverse().find((id) => Object.hasOwn(commands, id));
}

function subcommands(before: readonly string[], { commands }: CommandTable): string[] {
  return Object.entries(commands).flatMap(([id, { hidden }]) => {
    const parts = id.split(':');
    const isBelow = hidden !== true && before.every((word, at) => parts[at] === word);
    return isBelow ? (parts[before.length] ?? []) : [];
  });
}

interface Typing {
  words: readonly string[];
  typed: string;
  cwd: string;
}

function ofCommand(
  id: string,
  { args = {}, flags = {} }: KnownCommand,
  { words, typed, cwd }: Typing,
): string[] {
  const previous = words.at(-2) ?? '';
  const named = Object.entries(flags).find(
    ([name, { char }]) => previous === `--${name}` || previous === `-${char ?? ''}`,
  );
  if (named?.[1].type === 'option') return [...(named[1].options ?? [])];
  if (typed.startsWith('-')) return Object.entries(flags).flatMap(flagWords);
  return [
    ...Object.values(args).flatMap(({ options = [] }) => options),
    ...(OF_STAGES.has(id) ? stagesFrom(cwd) : []),
    ...(OF_PATHS.has(id) ? trackedBeside(cwd, typed) : []),
  ];
}

function flagWords([name, { hidden, allowNo }]: [string, KnownFlag]): string[] {
  if (hidden === true) return [];
  return allowNo === true ? [`--${name}`, `--no-${name}`] : [`--${name}`];
}

/** Names as they stand in pipeline.yaml and pipeline.lock of the workspace, found by their indentation: no YAML is read for a press of a key. */
function stagesFrom(cwd: string): string[] {
  const root = workspaceAbove(cwd);
  if (root === undefined) return [];
  return ['pipeline.yaml', 'pipeline.lock'].flatMap((file) => {
    const path = join(root, file);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const [, stages = ''] = text.split(/^stages:.*$/m);
    return [...stages.split(/^\S/m)[0]!.matchAll(/^ {2}([\w@.=/:-]+?|"[^"]*"|'[^']*'):(?=\s|$)/gm)].map(
      ([, name]) => name!.replaceAll(/["']/g, ''),
    );
  });
}

/** The tracked paths in the folder that is being typed, and the folders in it. */
function trackedBeside(cwd: string, typed: string): string[] {
  const folder = typed.includes('/') ? typed.slice(0, typed.lastIndexOf('/') + 1) : '';
  try {
    return readdirSync(join(cwd, folder), { withFileTypes: true }).flatMap((entry) => {
      const { name } = entry;
      if (name.endsWith('.ocr') && entry.isFile()) return [`${folder}${name.slice(0, -'.ocr'.length)}`];
      return entry.isDirectory() && !name.startsWith('.') ? [`${folder}${name}/`] : [];
    });
  } catch {
    return [];
  }
}

function workspaceAbove(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.ocrstore'))) return at;
    if (dirname(at) === at) return undefined;
  }
}
