import type { GitSetup } from '../../git/git-setup.js';
import { ownCommand } from './own-command.js';

interface Driver {
  /** In git's configuration, and in `.gitattributes`. */
  name: string;
  kind: 'pointer' | 'lock';
  words: string;
}

const DRIVERS: readonly Driver[] = [
  { name: 'ocrpipe-pointer', kind: 'pointer', words: 'ocrpipe: pointers, merged file by file' },
  { name: 'ocrpipe-lock', kind: 'lock', words: 'ocrpipe: pipeline.lock, merged stage by stage' },
];

/** What `.gitattributes` says: a clone without the drivers merges these files as text. */
export const ATTRIBUTES: readonly string[] = [
  '*.ocr merge=ocrpipe-pointer',
  'pipeline.lock merge=ocrpipe-lock',
  '.gitignore merge=union',
];

/** Sets the merge drivers of a clone; true if something changed. */
export async function installDrivers(setup: GitSetup): Promise<boolean> {
  let changed = false;
  for (const [key, value] of DRIVERS.flatMap(settingsOf)) {
    if ((await setup.setting(key)) === value) continue;
    await setup.set(key, value);
    changed = true;
  }
  return changed;
}

/** Forgets them; true if there were any. */
export async function removeDrivers(setup: GitSetup): Promise<boolean> {
  const there = (await driversState(setup)) !== 'absent';
  for (const { name } of DRIVERS) {
    await setup.unset(`merge.${name}`);
    await setup.unset(`merge.${virtual(name)}`);
  }
  return there;
}

/** `other`: of another installation of ocrpipe. */
export async function driversState(setup: GitSetup): Promise<'installed' | 'other' | 'absent'> {
  const settings = await Promise.all(
    DRIVERS.flatMap(settingsOf).map(async ([key, value]) => ({ value, is: await setup.setting(key) })),
  );
  if (settings.every(({ is }) => is === undefined)) return 'absent';
  return settings.every(({ value, is }) => is === value) ? 'installed' : 'other';
}

/** The merge of several bases has a driver of its own: no marker may go into a base. */
function settingsOf({ name, kind, words }: Driver): [key: string, value: string][] {
  return [
    [`merge.${name}.name`, words],
    [`merge.${name}.driver`, driver(`git-merge ${kind}`)],
    [`merge.${name}.recursive`, virtual(name)],
    [`merge.${virtual(name)}.name`, `${words} (bases)`],
    [`merge.${virtual(name)}.driver`, driver(`git-merge ${kind} --virtual`)],
  ];
}

function virtual(name: string): string {
  return `${name}-base`;
}

/** Git puts file names in the place of `%O` and others; where ocrpipe is gone it merges as it does without a driver. */
function driver(words: string): string {
  const names = '\0O \0A \0B \0P \0X \0Y';
  const text = 'git merge-file --quiet --marker-size=\0L \0A \0O \0B';
  return ownCommand(`${words} ${names}`, text).replaceAll('%', '%%').replaceAll('\0', '%');
}
