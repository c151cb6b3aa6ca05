import * as Flags from '@oclif/core/flags';
import { integerFlag, numberFlag } from './number-flag.js';
import { percentFlag } from './percent-flag.js';

/** What `synth` draws, and how it looks. */
export const synthFlags = {
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
    description: 'draw lines of these whole words instead, one a line of the file; or of those of labels',
  }),
  pattern: Flags.string({
    helpValue: 'REGEX',
    description: 'draw texts that match it instead, as [A-Z]{2}\\d{4}[A-Z]?',
    exclusive: ['words', 'length'],
  }),
  template: Flags.string({
    helpValue: 'FILE',
    description: 'SVG picture to draw each text into, at {text}, or its characters at {1}, {2} …',
  }),
  font: Flags.string({ multiple: true, helpValue: 'FILE', description: 'TrueType or OpenType font' }),
  height: integerFlag({ default: 32, min: 8, description: 'height of the images in pixels' }),
  size: percentFlag({
    min: 20, // nobody reads smaller letters
    max: 150,
    description: 'size of the font, in percent of the height (default: 50..75); at 110 the ink fills it',
    exclusive: ['template'],
  }),
  margin: percentFlag({
    max: 200,
    description: 'paper left and right, in percent of the height (default: 10..50)',
    exclusive: ['template'],
  }),
  tracking: percentFlag({
    max: 100,
    description: 'more space after every letter, in percent of the font size (default: none)',
    exclusive: ['template'],
  }),
  gap: percentFlag({
    max: 300,
    description: 'more space between words, in percent of the font size (default: none)',
    exclusive: ['template'],
  }),
  ink: percentFlag({
    max: 10,
    description:
      'letters thicker all around, as ink spreads in print, in percent of the height (default: as the font has them)',
    exclusive: ['template'],
  }),
  blur: numberFlag({ default: 1, min: 0, max: 10, description: 'most blur, in pixels' }),
  noise: integerFlag({ default: 18, min: 0, max: 255, description: 'most noise, in grey values of 255' }),
  slant: integerFlag({ default: 12, min: 0, max: 45, description: 'most slant, in degrees' }),
  contrast: numberFlag({ default: 0.45, min: 0.05, max: 1, description: 'least contrast' }),
};
