import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { shellQuote } from '../base/shell-quote.js';
import type { Scope } from '../config/config-file.js';
import { listSettings, type ShownSetting } from '../config/list-settings.js';
import { settingNamed } from '../config/setting-names.js';
import { Workspace } from '../project/workspace.js';

export interface ConfigShowInput {
  /** One setting; all that are set if not given. */
  name?: string | undefined;
  /** Only what stands in this file; what holds, of both files, if not given. */
  scope?: Scope | undefined;
}

/** The settings that hold, and where each comes from. Throws `setting-not-set` for one that is named and not set. */
export function configShow({ name, scope }: ConfigShowInput, call: Call): ShownSetting[] {
  const { stateFolder } = Workspace.open(call, 'ocrpipe config');
  const settings = listSettings(stateFolder, scope && [scope]);
  if (name === undefined) return settings;
  const named = settingNamed(name, scope ?? 'local');
  const found = settings.filter((setting) => setting.name === named.name);
  if (found.length > 0) return found;
  throw userError('setting-not-set', `${name} is not set${scope === undefined ? '' : ' in that file'}`, {
    hint: `Set it: 'ocrpipe config ${shellQuote(name)} VALUE'. 'ocrpipe config --list' shows what is set.`,
  });
}
