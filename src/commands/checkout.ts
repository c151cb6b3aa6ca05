import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { checkout, type CheckoutResult } from '../actions/checkout.js';
import { BaseCommand } from '../cli/base-command.js';
import { linkFlag } from '../cli/link-flag.js';
import { countText } from '../base/count-text.js';

export default class Checkout extends BaseCommand {
  static override summary = 'Put the bytes that the pointers name into the workspace.';
  static override description =
    'Run it after `git checkout` or `git pull`. Edits that are not in the store are never overwritten unless --force is given. Hard links and symbolic links are the read-only files of the store itself: `ocrpipe unlink` makes them files of their own before a program writes into one. Reflinks and copies can be edited.';
  static override examples = [
    '<%= config.bin %> checkout',
    '<%= config.bin %> checkout data/raw',
    '<%= config.bin %> checkout train',
    '<%= config.bin %> checkout --force data/raw',
    '<%= config.bin %> checkout --link hardlink,copy models',
  ];
  static override strict = false;
  static override args = {
    target: Args.string({
      description: 'tracked paths, folders above them, or stages that have run (default: all)',
    }),
  };
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'overwrite edits that are not in the store' }),
    link: linkFlag(),
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(Checkout);
    await this.perform(flags, {
      action: (call) => checkout({ targets: argv.map(String), force: flags.force, links: flags.link }, call),
      text: checkoutText,
      failure: ({ failure }) => failure,
      json: ({ changed, unchanged }) => ({ changed, unchanged }),
    });
  }
}

function checkoutText({ changed, unchanged, failure }: CheckoutResult): string {
  if (changed.length === 0 && failure) return '';
  if (changed.length === 0)
    return `Nothing to do: ${countText(unchanged, 'tracked path')}, in place already.`;
  return changed.map(({ path, id }) => `${path}  checked out  (${id.slice(0, 10)})`).join('\n');
}
