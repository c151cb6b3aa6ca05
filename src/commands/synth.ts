import { countText } from '../base/count-text.js';
import { synth, type SynthActionResult } from '../actions/synth.js';
import { BaseCommand } from '../cli/base-command.js';
import { shortened } from '../cli/shortened.js';
import { synthFlags } from '../cli/synth-flags.js';

export default class Synth extends BaseCommand {
  static override summary = 'Draw text lines with their labels, to try things out or to train on more.';
  static override description =
    'Writes images and labels.json, which convert reads. The same seed gives the same images.';
  static override examples = [
    '<%= config.bin %> synth --out data/lines --count 3000 --seed 7',
    '<%= config.bin %> synth --out data/lines --words data/words.txt --length 5..10 --font fonts/mine.ttf',
    '<%= config.bin %> synth --out data/plates --pattern "[A-Z]{2}[0-9]{4}" --template plate.svg --height 24',
  ];
  static override flags = synthFlags;

  async run(): Promise<void> {
    const { flags } = await this.parse(Synth);
    const { height, blur, slant } = flags;
    const style = { ...flags, heightPx: height, blurPx: blur, slantDegrees: slant };
    await this.perform(flags, {
      action: (call) => synth({ ...flags, fonts: flags.font ?? [], style }, call),
      text: synthText,
    });
  }
}

function synthText(result: SynthActionResult): string {
  return [
    `${countText(result.count, 'line')} drawn in ${result.out}: ${countText(result.texts, 'different text')}, ${countText(result.characters, 'character')}`,
    ...result.examples.map(({ image, text }) => `  ${image}  ${shortened(text)}`),
    `fonts: ${result.fonts.join(', ')}`,
  ].join('\n');
}
