import type { ConfigChanged } from '../actions/config-change.js';
import type { Location } from '../base/errors.js';
import type { SettingValue } from '../config/edit-yaml.js';
import type { ShownSetting } from '../config/list-settings.js';
import { textTable } from './table.js';
import { toCommitLines } from './to-commit-text.js';

/** All settings with their places, one a line. */
export function settingsText(settings: readonly ShownSetting[]): string {
  if (settings.length === 0) return "Nothing is set. 'ocrpipe config --help' lists what can be.";
  return textTable(
    settings.map(({ name, value, location, overrides }) => [
      name,
      settingText(value),
      placeText(location),
      overrides === undefined
        ? ''
        : `over ${settingText(overrides.value)} of ${placeText(overrides.location)}`,
    ]),
  );
}

/** A value as it is typed. */
export function settingText(value: SettingValue): string {
  return typeof value === 'object' ? value.join(',') : String(value);
}

/** What a change has led to. */
export function changedText({ name, now, hidden, toCommit }: ConfigChanged): string {
  const state = now === undefined ? `${name} is not set any more` : `${name} = ${settingText(now.value)}`;
  const from = now === undefined ? '' : `  (${placeText(now.location)})`;
  const note = hidden
    ? [`${now?.location.file ?? ''} wins on this machine: change it there with --local.`]
    : [];
  return [`${state}${from}`, ...note, ...toCommitLines(toCommit)].join('\n');
}

function placeText({ file, line }: Location): string {
  return line === undefined ? file : `${file}:${line}`;
}
