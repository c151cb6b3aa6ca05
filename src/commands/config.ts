import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { configChange } from '../actions/config-change.js';
import { configShow } from '../actions/config-show.js';
import { BaseCommand } from '../cli/base-command.js';
import { changedText, settingsText, settingText } from '../cli/config-text.js';
import { refuseMixed } from '../cli/config-usage.js';
import { settingNames } from '../config/setting-names.js';

export default class Config extends BaseCommand {
  static override summary = 'Show or change settings.';
  static override description = `Without a value it shows what holds, with a place for each; with one it sets it. Settings: ${settingNames('local').join(', ')}. Those of this machine (--local) win over those that git shares. Credentials are no settings.`;
  static override examples = [
    '<%= config.bin %> config',
    '<%= config.bin %> config remotes.store.region eu-west-1',
    '<%= config.bin %> config --local remotes.store.profile dev',
    '<%= config.bin %> config --unset remotes.store.region',
  ];
  static override args = {
    name: Args.string({ description: 'the setting (default: all that are set)' }),
    value: Args.string({ description: 'what to set it to; several are separated by commas' }),
  };
  static override flags = {
    local: Flags.boolean({ description: 'the file of this machine, which git does not share' }),
    unset: Flags.boolean({ description: 'take the setting away' }),
    list: Flags.boolean({ char: 'l', description: 'list what is set, and where' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Config);
    const { name, value } = args;
    refuseMixed({ ...flags, name, value });
    const { local, unset } = flags;
    if (name !== undefined && (unset || value !== undefined)) {
      const scope = local ? 'local' : 'shared';
      await this.perform(flags, {
        action: (call) => configChange({ name, value, scope }, call),
        text: changedText,
      });
      return;
    }
    await this.perform(flags, {
      action: (call) => configShow({ name, scope: local ? 'local' : undefined }, call),
      text: (settings) => (name === undefined ? settingsText(settings) : settingText(settings[0]!.value)),
      json: (settings) => (name === undefined ? { settings } : settings[0]),
    });
  }
}
