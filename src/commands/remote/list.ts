import { remoteList, type ListedRemote } from '../../actions/remote-list.js';
import { BaseCommand } from '../../cli/base-command.js';
import { settingsText } from '../../cli/remote-flags.js';
import { textTable } from '../../cli/table.js';

export default class RemoteList extends BaseCommand {
  static override summary = 'List the remotes of the workspace.';
  static override examples = ['<%= config.bin %> remote list'];

  async run(): Promise<void> {
    const { flags } = await this.parse(RemoteList);
    await this.perform(flags, { action: remoteList, text: listText });
  }
}

function listText(remotes: readonly ListedRemote[]): string {
  if (remotes.length === 0) return "no remotes yet: 'ocrpipe remote add NAME URL'";
  return textTable(
    remotes.map((remote) => [
      `${remote.default ? '*' : ' '} ${remote.name}`,
      remote.url,
      settingsText(remote),
    ]),
  );
}
