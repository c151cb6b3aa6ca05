import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { stageAdd } from '../../actions/stage-add.js';
import { BaseCommand } from '../../cli/base-command.js';
import { shellWord } from '../../cli/shell-word.js';
import { addedText } from '../../cli/stage-text.js';

const listed = (char: 'd' | 'o' | 'O' | 'p' | 'm', helpValue: string, description: string) =>
  Flags.string({ char, helpValue, description, multiple: true, multipleNonGreedy: true, default: [] });

export default class StageAdd extends BaseCommand {
  static override summary = 'Write a stage into pipeline.yaml.';
  static override description =
    'It is put behind the last one; comments and all the rest of the file stay as they are. What the file says then is checked before it is written. Paths stand in the file as they are given: relative to --wdir, or to the root of the workspace.';
  static override examples = [
    '<%= config.bin %> stage add prepare -d data/raw -o data/clean -- python prepare.py data/raw data/clean',
    "<%= config.bin %> stage add train -d data/clean -p train -p model -o models/m -m reports/train.json --run 'sh train.sh > log.txt'",
  ];
  static override strict = false;
  static override args = {
    name: Args.string({ required: true, description: 'the name of the stage, then -- and its command' }),
  };
  static override flags = {
    run: Flags.string({
      helpValue: 'LINE',
      description: 'a shell command line; several are run one after the other',
      multiple: true,
      multipleNonGreedy: true,
      default: [],
    }),
    deps: listed('d', 'PATH', 'what it reads: a path, a pattern in quotes, or a URL'),
    params: listed('p', 'KEY', 'a key of params.yaml, or FILE:KEY,KEY'),
    outs: listed('o', 'PATH', 'what it makes, for the store to hold'),
    'outs-in-git': listed('O', 'PATH', 'what it makes, for git to hold'),
    metrics: listed('m', 'PATH', 'a file of numbers that it makes'),
    plots: Flags.string({
      helpValue: 'PATH',
      description: 'a file of numbers to draw that it makes',
      multiple: true,
      multipleNonGreedy: true,
      default: [],
    }),
    wdir: Flags.string({ char: 'w', helpValue: 'DIR', description: 'the folder in which it runs' }),
    desc: Flags.string({ helpValue: 'TEXT', description: 'what it is for' }),
    always: Flags.boolean({ description: 'run it each time' }),
    force: Flags.boolean({ char: 'f', description: 'replace the stage of this name' }),
  };

  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(StageAdd);
    const words = argv.slice(1).map(String);
    // One word is a line for the shell as it stands; several are the words of one.
    const line = words.length === 1 ? words : words.length === 0 ? [] : [words.map(shellWord).join(' ')];
    const { run, 'outs-in-git': outsInGit, ...rest } = flags;
    await this.perform(flags, {
      action: (call) => stageAdd({ ...rest, name: args.name, run: [...run, ...line], outsInGit }, call),
      text: addedText,
    });
  }
}
