import * as Args from '@oclif/core/args';
import { gcRemote } from '../actions/gc-remote.js';
import { gc } from '../actions/gc.js';
import { userError } from '../base/errors.js';
import { BaseCommand } from '../cli/base-command.js';
import { gcFlags } from '../cli/gc-flags.js';
import { remoteGcText } from '../cli/gc-remote-text.js';
import { gcText } from '../cli/gc-text.js';

export default class Gc extends BaseCommand {
  static override summary =
    'Drop from the local store, or a remote, what no chosen commit, tag, branch or experiment needs.';
  static override description =
    "Every scope keeps what the workspace needs: its pointers and pipeline.lock, git's index, stash and current commit, other work trees, and other workspaces that share the store. What no remote has is kept, too, unless --unpushed is given. What goes is moved to the trash first, from where any command that needs it brings it back; a later gc deletes what has been there for the grace period (7 days; gc.grace in the configuration). A pointer or lock that cannot be read stops it, for it may need anything; one in a commit can be passed over by name. With --remote the same is done on a remote: what other projects keep there stays, and what was pushed in the last 30 days; what goes is condemned first, can still be pulled and is taken back by whoever pushes it, and a gc after the grace period deletes it.";
  static override examples = [
    '<%= config.bin %> gc --all-commits --dry-run',
    '<%= config.bin %> gc --all-branches --all-tags',
    '<%= config.bin %> gc --workspace --unpushed --now',
    '<%= config.bin %> gc --remote --all-commits --dry-run',
    '<%= config.bin %> gc --remote backup --all-branches --all-tags',
    '<%= config.bin %> gc --all-commits --skip-broken 1a2b3c4d5e:data/raw.ocr',
  ];
  static override args = {
    name: Args.string({ description: 'with --remote: the remote to collect on instead of the default one' }),
  };
  static override flags = gcFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Gc);
    const { workspace, unpushed, now, projects = [] } = flags;
    const scope = {
      ...{ workspace, branches: flags['all-branches'], tags: flags['all-tags'] },
      ...{ commits: flags['all-commits'], experiments: flags['all-experiments'], projects },
      ...{ allowMissing: flags['allow-missing'], skipBroken: flags['skip-broken'] ?? [] },
      dryRun: flags['dry-run'],
    };
    if (flags.remote) {
      const { exclusive, 'no-fetch': noFetch } = flags;
      const options = { ...scope, remote: args.name, exclusive, fetch: !noFetch };
      return this.perform(flags, { action: (call) => gcRemote(options, call), text: remoteGcText });
    }
    if (args.name !== undefined) throw nameWithoutRemote(args.name);
    const forgetWorkspaces = flags['forget-workspace'] ?? [];
    await this.perform(flags, {
      action: (call) => gc({ ...scope, unpushed, now, forgetWorkspaces }, call),
      text: gcText,
    });
  }
}

function nameWithoutRemote(name: string) {
  const hint = `Run 'ocrpipe gc --remote ${name}' to collect on a remote.`;
  return userError('command-line', `gc takes no path: '${name}'`, { hint });
}
