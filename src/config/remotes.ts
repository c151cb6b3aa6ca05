import { userError } from '../base/errors.js';
import { suggest } from '../base/nearest.js';
import type { AbsPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { editConfigFile, readLocalFile, readSharedFile, type Scope } from './config-file.js';
import { readSettings } from './read-settings.js';
import { NAME_RULE, REMOTE_NAME, type RemoteSettings, type Settings } from './settings.js';

export interface NamedRemote extends RemoteSettings {
  name: string;
}

/** The remote called `name`, or the default one. Throws `unknown-remote` or `no-default-remote` (exit code 2). */
export function findRemote(settings: Settings, name = settings.default): NamedRemote {
  if (name === undefined) throw noDefault(settings);
  const found = Object.hasOwn(settings.remotes, name) ? settings.remotes[name] : undefined;
  if (found === undefined) throw unknownRemote(settings, name);
  return { name, ...found };
}

/**
 * Refuses a name that no remote may have (`remote-name`), or that one has already (`remote-exists`): exit code 2 both. To be
 * asked before anything is done for a remote that is to be added.
 */
export function checkNewName(folder: AbsPath, name: string): void {
  if (!REMOTE_NAME.test(name)) {
    throw userError('remote-name', `${JSON.stringify(name)} cannot be the name of a remote`, {
      hint: `A name ${NAME_RULE}: 'ocrpipe remote add NAME URL'.`,
    });
  }
  if (Object.hasOwn(readSettings(folder).remotes, name)) {
    throw userError('remote-exists', `there is already a remote '${name}'`, {
      hint: `Change it with 'ocrpipe remote modify ${name}', or choose another name.`,
    });
  }
}

/** Adds a remote; the first one becomes the default. Throws `remote-name` or `remote-exists`. `folder` is `.ocrstore/`. */
export function addRemote(
  folder: AbsPath,
  remote: NamedRemote,
  options: { scope?: Scope; makeDefault?: boolean } = {},
): void {
  const { name, ...fields } = remote;
  checkNewName(folder, name);
  const settings = readSettings(folder);
  const first = Object.keys(settings.remotes).length === 0 && settings.default === undefined;
  editConfigFile(folder, options.scope ?? 'shared', (document) => {
    document.setIn(['remotes', name], document.createNode(withoutUndefined(fields)));
    if (options.makeDefault === true || first) document.set('default', name);
  });
}

/** Changes settings of a remote; a value of undefined takes the setting away. */
export function modifyRemote(
  folder: AbsPath,
  name: string,
  changes: { [key in keyof RemoteSettings]?: RemoteSettings[key] | undefined },
  options: { scope?: Scope } = {},
): void {
  findRemote(readSettings(folder), name);
  editConfigFile(folder, options.scope ?? 'shared', (document) => {
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined) document.deleteIn(['remotes', name, key]);
      else document.setIn(['remotes', name, key], value);
    }
  });
}

/** Takes a remote out of both files, and out of `default`. The bytes that it holds stay. */
export function removeRemote(folder: AbsPath, name: string): void {
  const settings = readSettings(folder);
  if (!Object.hasOwn(settings.remotes, name)) throw unknownRemote(settings, name, 'This workspace has none.');
  const files = { shared: readSharedFile(folder), local: readLocalFile(folder) };
  for (const scope of ['local', 'shared'] as const) {
    const file = files[scope];
    const named = Object.hasOwn(file.remotes ?? {}, name);
    if (!named && file.default !== name) continue;
    editConfigFile(folder, scope, (document) => {
      if (named) document.deleteIn(['remotes', name]);
      if (named && Object.keys(file.remotes ?? {}).length === 1) document.delete('remotes');
      if (file.default === name) document.delete('default');
    });
  }
}

/** Makes `name` the remote that is used when none is named. */
export function setDefaultRemote(folder: AbsPath, name: string, options: { scope?: Scope } = {}): void {
  findRemote(readSettings(folder), name);
  editConfigFile(folder, options.scope ?? 'shared', (document) => {
    document.set('default', name);
  });
}

function withoutUndefined(fields: RemoteSettings): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function noDefault(settings: Settings) {
  const names = Object.keys(settings.remotes).sort();
  return names.length === 0
    ? userError('no-remote', 'this workspace has no remote', {
        hint: "Add one: 'ocrpipe remote add NAME URL', with a URL like s3://bucket/folder or ../a-folder.",
      })
    : userError('no-default-remote', 'no remote is the default', {
        hint: `Name one with --remote (${names.join(', ')}), or set it: 'ocrpipe remote default ${names[0]!}'.`,
      });
}

/** `none` is the hint where there is no remote at all. */
function unknownRemote(
  settings: Settings,
  name: string,
  none = `Add it: 'ocrpipe remote add ${shellQuote(name)} URL'.`,
) {
  const names = Object.keys(settings.remotes);
  return userError('unknown-remote', `there is no remote '${name}'`, {
    hint: names.length === 0 ? none : suggest(name, names),
  });
}
