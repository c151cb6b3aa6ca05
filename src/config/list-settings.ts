import type { Location } from '../base/errors.js';
import type { AbsPath } from '../base/paths.js';
import { readConfigYaml, type Scope } from './config-file.js';
import type { SettingValue } from './edit-yaml.js';

/** One setting and the place that it comes from. */
export interface ShownSetting {
  /** As it is typed: `remotes.store.url`. */
  name: string;
  value: SettingValue;
  scope: Scope;
  location: Location;
  /** What the shared file says, where the file of this machine wins. */
  overrides?: { value: SettingValue; location: Location };
}

/** Everything that is set in the given files, sorted by name; the later file wins. Throws for a mistake in one, with its place. */
export function listSettings(
  folder: AbsPath,
  scopes: readonly Scope[] = ['shared', 'local'],
): ShownSetting[] {
  const settings = new Map<string, ShownSetting>();
  for (const scope of scopes) {
    for (const { name, value, location } of settingsOf(folder, scope)) {
      const before = settings.get(name);
      const overrides = before && { value: before.value, location: before.location };
      settings.set(name, { name, value, scope, location, ...(overrides && { overrides }) });
    }
  }
  return [...settings.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function settingsOf(folder: AbsPath, scope: Scope) {
  const yaml = readConfigYaml(folder, scope);
  if (yaml === undefined) return [];
  return leaves(yaml.value, []).flatMap(({ path, value }) =>
    path[0] === 'version' ? [] : [{ name: path.join('.'), value, location: yaml.locate(path) }],
  );
}

/** The files were checked: everything in them is a map, a list of texts or a plain value. */
function leaves(value: unknown, path: readonly string[]): { path: readonly string[]; value: SettingValue }[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return value === null || path.length === 0 ? [] : [{ path, value: value as SettingValue }];
  }
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}
