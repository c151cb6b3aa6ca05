import * as Args from '@oclif/core/args';
import { commit, type CommitResult } from '../actions/commit.js';
import { BaseCommand } from '../cli/base-command.js';
import { toCommitLines } from '../cli/to-commit-text.js';
import { countText } from '../base/count-text.js';

export default class Commit extends BaseCommand {
  static override summary = 'Record what is in the workspace without running anything.';
  static override description =
    'Edited tracked paths get new pointers; what stands at the outputs of a stage becomes its result. Git commits nothing by this: what to give to it is printed.';
  static override examples = [
    '<%= config.bin %> commit',
    '<%= config.bin %> commit data/raw',
    '<%= config.bin %> commit train',
  ];
  static override strict = false;
  static override args = {
    target: Args.string({ description: 'tracked paths or stages (default: all that changed)' }),
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(Commit);
    await this.perform(flags, {
      action: (call) => commit({ targets: argv.map(String) }, call),
      text: commitText,
    });
  }
}

function changeText({ old, new: now }: CommitResult['tracked'][number]): string {
  return old === now ? 'figures of the pointer corrected' : `${old.slice(0, 10)} -> ${now.slice(0, 10)}`;
}

function commitText({ tracked, stages, toCommit }: CommitResult): string {
  if (tracked.length + stages.length === 0) return 'Nothing to record.';
  return [
    ...tracked.map((each) => `${each.path}  ${changeText(each)}`),
    ...stages.map(({ name, outs }) => `${name}  ${countText(outs.length, 'output')} recorded`),
    ...toCommitLines(toCommit),
  ].join('\n');
}
