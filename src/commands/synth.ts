import { countText } from '../base/count-text.js';
import * as Flags from '@oclif/core/flags';
import { synth, type SynthActionResult } from '../actions/synth.js';
import { BaseCommand } from '../cli/base-command.js';
import { integerFlag, numberFlag } from '../cli/number-flag.js';
import { shortened } from '../cli/shortened.js';

export default class Synth extends BaseCommand {
  static override summary = 'Draw text lines with their labels, to try things out or to train on more.';
  static override description =
    'Writes images and labels.json, which convert reads. The same seed gives the same images.';
  static override examples = [
    '<%= config.bin %> synth --out data/lines --count 3000 --seed 7',
    '<%= config.bin %> synth --out data/lines --words data/words.txt --length 5..10 --font fonts/mine.ttf',
  ];
  static override flags = {
    out: Flags.string({ required: true, helpValue: 'DIR', description: 'folder for images and labels.json' }),
    count: integerFlag({ default: 1000, min: 1, description: 'how many lines' }),
    seed: integerFlag({ default: 0, description: 'another seed draws other lines' }),
    length: Flags.string({ default: '5..10', helpValue: 'A..B', description: 'characters a line' }),
    alphabet: Flags.string({
      helpValue: 'CHARACTERS',
      description: 'characters to draw lines from (default: digits and capital letters)',
      exclusive: ['words'],
    }),
    words: Flags.string({
      helpValue: 'FILE',
      description: 'draw lines of these whole words instead, one a line of the file',
    }),
    font: Flags.string({ multiple: true, helpValue: 'FILE', description: 'TrueType or OpenType font' }),
    height: integerFlag({ default: 32, min: 8, description: 'height of the images in pixels' }),
    blur: numberFlag({ default: 1, min: 0, max: 10, description: 'most blur, in pixels' }),
    noise: integerFlag({ default: 18, min: 0, description: 'most noise, in grey values of 255' }),
    slant: integerFlag({ default: 12, min: 0, max: 45, description: 'most slant, in degrees' }),
    contrast: numberFlag({ default: 0.45, min: 0.05, max: 1, description: 'least contrast' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Synth);
    const { height, blur, noise, slant, contrast } = flags;
    const style = { heightPx: height, blurPx: blur, noise, slantDegrees: slant, contrast };
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
