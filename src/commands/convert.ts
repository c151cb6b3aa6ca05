import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { convert, type ConvertResult } from '../actions/convert.js';
import { BaseCommand } from '../cli/base-command.js';
import { labelFlags } from '../cli/label-flags.js';

export default class Convert extends BaseCommand {
  static override summary = 'Read labels of other tools and write one manifest (JSON lines).';
  static override description =
    'The format is found by looking: Label Studio (JSON, JSON_MIN, CSV), labels.json {image: text}, NAME.gt.txt beside images, TSV, and plates in file names.';
  static override examples = [
    '<%= config.bin %> convert data/raw --out data/all.jsonl',
    '<%= config.bin %> convert export.json --images data/images --out data/all.jsonl --strict',
    '<%= config.bin %> convert photos --format ccpd --out data/all.jsonl',
    '<%= config.bin %> convert data/split/train.jsonl data/drawn --out data/train.jsonl',
  ];
  static override strict = false;
  static override args = {
    source: Args.string({ required: true, description: 'label files, or folders of labelled images' }),
  };
  static override flags = {
    out: Flags.string({ required: true, helpValue: 'FILE', description: 'the manifest to write' }),
    strict: Flags.boolean({
      description:
        'fail on entries without a usable label instead of skipping them; a bad image is always an error',
    }),
    ...labelFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Convert);
    await this.perform(flags, {
      action: (call) => convert({ sources: argv.map(String), ...flags }, call),
      text: convertText,
    });
  }
}

function convertText(result: ConvertResult): string {
  const { skipped } = result;
  const besides = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  return [
    `${result.format}: ${result.count} samples written to ${result.out}${besides}`,
    ...result.examples.map(({ image, text }) => `  ${image}  ${text}`),
  ].join('\n');
}
