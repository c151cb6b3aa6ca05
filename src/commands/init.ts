import { init, type InitResult, type Restored } from '../actions/init.js';
import type { ToCommit } from '../actions/to-commit.js';
import { BaseCommand } from '../cli/base-command.js';
import { toCommitLines } from '../cli/to-commit-text.js';
import { onByDefault } from '../cli/switch-flag.js';

export default class Init extends BaseCommand {
  static override summary = 'Start a workspace: a store and its settings beside git.';
  static override description =
    'Makes .ocrstore in the current folder, which is to be in a git work tree. Run again, it only adds what is missing: settings that git holds are taken from git.';
  static override examples = ['<%= config.bin %> init', '<%= config.bin %> init --no-git'];
  static override flags = {
    git: onByDefault('require a git work tree'),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Init);
    await this.perform(flags, { action: (call) => init({ git: flags.git }, call), text: initText });
  }
}

function initText({ root, created, restored, toCommit }: InitResult & Restored & ToCommit): string {
  if (restored.length > 0) {
    return [
      `${root} was a workspace before: took ${restored.join(' and ')} from git.`,
      ...toCommitLines(toCommit),
      "Next: 'ocrpipe status' says what is here, 'ocrpipe pull' gets what is not.",
    ].join('\n');
  }
  if (!created) {
    return [
      `${root} is a workspace already; nothing that was there is changed.`,
      ...toCommitLines(toCommit),
    ].join('\n');
  }
  return [
    `New workspace in ${root}.`,
    ...toCommitLines(toCommit),
    "Next: 'ocrpipe add PATH' tracks images and weights, pipeline.yaml holds the stages.",
  ].join('\n');
}
