import { version, type VersionResult } from '../actions/version.js';
import { BaseCommand } from '../cli/base-command.js';

export default class Version extends BaseCommand {
  static override summary = 'Show the version of ocrpipe, the platform and the version of Node.';
  static override examples = ['<%= config.bin %> version', '<%= config.bin %> version --json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(Version);
    await this.perform(flags, { action: () => version(), text: versionText });
  }
}

function versionText(result: VersionResult): string {
  return `ocrpipe/${result.version} ${result.platform} node-${result.node}`;
}
