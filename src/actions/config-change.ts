import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { CONFIG_FILES, editSetting, type Scope } from '../config/config-file.js';
import type { SettingValue } from '../config/edit-yaml.js';
import { listSettings, type ShownSetting } from '../config/list-settings.js';
import { findRemote } from '../config/remotes.js';
import { settingNamed, settingValue, type SettingName } from '../config/setting-names.js';
import { Workspace } from '../project/workspace.js';
import { parseRemoteUrl } from '../remote/backends/remote-url.js';
import { refuseLackingStore } from './choose-store.js';
import { forgetRemote } from './remote-session.js';
import { settingsToCommit, type ToCommit } from './to-commit.js';

export interface ConfigChangeInput {
  name: string;
  /** As it was typed; undefined takes the setting away. */
  value: string | undefined;
  scope: Scope;
}

export interface ConfigChanged extends ToCommit {
  name: string;
  /** What holds from now on; absent if nothing does. */
  now?: ShownSetting;
  /** True if the file of this machine has another value, which wins. */
  hidden: boolean;
}

/** Sets or takes away one setting in one file. Nothing is written that the next command would refuse. */
export async function configChange(input: ConfigChangeInput, call: Call): Promise<ConfigChanged> {
  const { name, value: typed, scope } = input;
  const workspace = Workspace.open(call, 'ocrpipe config');
  const setting = settingNamed(name, scope);
  const value = typed === undefined ? undefined : settingValue(setting, typed, scope);
  refuseUnusable(workspace, setting, value);
  await workspace.exclusively('config', () => {
    if (value === undefined) refuseNotSet(workspace, setting, scope);
    editSetting(workspace.stateFolder, scope, setting.path, value);
  });
  const remote = addressOf(setting);
  if (remote !== undefined && value !== undefined) {
    forgetRemote(workspace, findRemote(workspace.settings, remote));
  }
  const now = listSettings(workspace.stateFolder).find((each) => each.name === name);
  const written = scope === 'local' ? { toCommit: [] } : await settingsToCommit(workspace, call);
  const hidden = scope === 'shared' && now?.scope === 'local';
  return { name, ...(now && { now }), hidden, ...written };
}

/** The remote whose address a setting is. */
function addressOf({ path }: SettingName): string | undefined {
  return path[0] === 'remotes' && path.at(-1) === 'url' ? path[1] : undefined;
}

function refuseUnusable(workspace: Workspace, setting: SettingName, value: SettingValue | undefined): void {
  const remote = addressOf(setting);
  if (value === undefined && remote !== undefined) {
    throw userError('invalid-value', `the remote '${remote}' would have no url`, {
      hint: `To take the remote away: 'ocrpipe remote remove ${remote}'.`,
    });
  }
  if (setting.name === 'store.path')
    refuseLackingStore(workspace, value === undefined ? undefined : String(value));
  if (value === undefined) return;
  if (remote !== undefined) parseRemoteUrl(String(value), workspace.root);
  else if (setting.path[0] === 'remotes') findRemote(workspace.settings, setting.path[1]);
  if (setting.name === 'default') findRemote(workspace.settings, String(value));
}

function refuseNotSet(workspace: Workspace, { name }: SettingName, scope: Scope): void {
  const set = listSettings(workspace.stateFolder);
  if (listSettings(workspace.stateFolder, [scope]).some((each) => each.name === name)) return;
  const elsewhere = set.find((each) => each.name === name);
  throw userError('setting-not-set', `${name} is not set in ${CONFIG_FILES[scope]}`, {
    hint:
      elsewhere === undefined
        ? "'ocrpipe config --list' shows what is set."
        : `It stands in ${elsewhere.location.file}: ${elsewhere.scope === 'local' ? 'add --local' : 'leave --local out'}.`,
  });
}
