import { gc } from '../actions/gc.js';
import { BaseCommand } from '../cli/base-command.js';
import { gcFlags } from '../cli/gc-flags.js';
import { gcText } from '../cli/gc-text.js';

export default class Gc extends BaseCommand {
  static override summary =
    'Drop from the local store what no chosen commit, tag, branch or experiment needs.';
  static override description =
    "Every scope keeps what the workspace needs: its pointers and pipeline.lock, git's index, stash and current commit, other work trees, and other workspaces that share the store. What no remote has is kept, too, unless --unpushed is given. What goes is moved to the trash first, from where any command that needs it brings it back; a later gc deletes what has been there for the grace period (7 days; gc.grace in the configuration). A pointer or lock that cannot be read stops it, for it may need anything; one in a commit can be passed over by name.";
  static override examples = [
    '<%= config.bin %> gc --all-commits --dry-run',
    '<%= config.bin %> gc --all-branches --all-tags',
    '<%= config.bin %> gc --workspace --unpushed --now',
    '<%= config.bin %> gc --all-commits --skip-broken 1a2b3c4d5e:data/raw.ocr',
  ];
  static override flags = gcFlags;

  async run(): Promise<void> {
    const { flags } = await this.parse(Gc);
    const { workspace, unpushed, now, projects = [] } = flags;
    const scope = {
      ...{ workspace, branches: flags['all-branches'], tags: flags['all-tags'] },
      ...{ commits: flags['all-commits'], experiments: flags['all-experiments'] },
    };
    await this.perform(flags, {
      action: (call) =>
        gc(
          {
            ...{ ...scope, projects, unpushed, now, dryRun: flags['dry-run'] },
            allowMissing: flags['allow-missing'],
            skipBroken: flags['skip-broken'] ?? [],
            forgetWorkspaces: flags['forget-workspace'] ?? [],
          },
          call,
        ),
      text: gcText,
    });
  }
}
