import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { split, type SplitResult } from '../actions/split.js';
import { BaseCommand } from '../cli/base-command.js';
import { integerFlag } from '../cli/number-flag.js';
import { labelFlags } from '../cli/label-flags.js';

export default class Split extends BaseCommand {
  static override summary = 'Split a data set into parts such as training, validation and test.';
  static override description =
    'The same seed gives the same parts on any machine and for any order of the data. No text is in two parts unless --group says otherwise.';
  static override examples = [
    '<%= config.bin %> split data/all.jsonl --out data/split --share train=0.8,val=0.1,test=0.1 --seed 7',
    '<%= config.bin %> split data/all.jsonl --out data/split --group image --stable',
  ];
  static override args = {
    source: Args.string({ required: true, description: 'a manifest, or labels of any known format' }),
  };
  static override flags = {
    out: Flags.string({
      required: true,
      helpValue: 'DIR',
      description: 'folder for the parts, NAME.jsonl each',
    }),
    share: Flags.string({
      helpValue: 'NAME=SHARE,…',
      default: 'train=0.8,val=0.1,test=0.1',
      description: 'the parts and their shares, which make 1',
    }),
    seed: integerFlag({ default: 0, description: 'another seed gives other parts' }),
    group: Flags.string({
      default: 'text',
      helpValue: 'KEY',
      description: 'what is never in two parts: text, image, or a key of the manifest',
    }),
    stable: Flags.boolean({ description: 'keep every sample in its part when data is added' }),
    ...labelFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Split);
    await this.perform(flags, {
      action: (call) => split({ source: args.source, ...flags }, call),
      text: splitText,
    });
  }
}

function splitText(result: SplitResult): string {
  return result.parts
    .map(({ file, count, share, texts }) => {
      return `${file}  ${count} samples (${(share * 100).toFixed(1)} %), ${texts} different texts`;
    })
    .join('\n');
}
