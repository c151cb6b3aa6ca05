import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../src/base/random.js';
import { loadImage } from '../../../src/ocr/images/load.js';
import { openFonts } from '../../../src/ocr/synth/fonts.js';
import { patternTexts } from '../../../src/ocr/synth/pattern-texts.js';
import { synthesize, type SynthOptions } from '../../../src/ocr/synth/synthesize.js';
import { chooseFonts, templateFonts } from '../../../src/ocr/synth/template-fonts.js';
import { fillTemplate, parseTemplate } from '../../../src/ocr/synth/template.js';
import { ocrpipeJson } from '../../rig/ocrpipe.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const defaults = openFonts([], ['a']);
const sans = defaults.find(({ family }) => family === 'DejaVu Sans');
const serif = defaults.find(({ family }) => family === 'DejaVu Serif');

function options(svg: string, more: Partial<SynthOptions> = {}): SynthOptions {
  return {
    count: 1,
    seed: 3,
    source: { least: 1, most: 1, from: { alphabet: ['H'] } },
    style: { heightPx: 40, blurPx: 0, noise: 0, slantDegrees: 0, contrast: 1 },
    template: parseTemplate('label.svg', svg),
    fonts: [sans!.file],
    ...more,
  };
}

/** Pixels of the first drawn line. */
async function drawn(svg: string, more: Partial<SynthOptions> = {}) {
  const folder = temporaryFolder();
  await synthesize(folder, options(svg, more));
  return loadImage(join(folder, 'images/000001.png'), { channels: 3 });
}

function picture(inner: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50"><rect width="100" height="50" fill="blue"/>${inner}</svg>`;
}

const word = (family: string) =>
  `<text x="10" y="40" font-size="40" font-family="${family}" fill="white">{text}</text>`;

describe('a filled template', () => {
  const fill = (svg: string, text: string) =>
    fillTemplate(
      parseTemplate('t.svg', `<svg>${svg}</svg>`),
      { text, fonts: new Map([['font', sans!]]) },
      randomFrom(1),
    );

  it('has the text, its characters, the font and one of each choice in their places', () => {
    expect(fill('{text}|{1}{2}|{font}', 'a<')).toBe(`<svg>a&lt;|a&lt;|${sans!.family}</svg>`);
    expect(fill('{1}{2}{3}', 'ab')).toBe('<svg>ab</svg>');
    expect(fill('{text}{red|}', 'a')).toMatch(/^<svg>a(?:red)?<\/svg>$/);
  });

  it('has other shapes in places that name them, for the characters that they name', () => {
    expect(fill('{1 1=I 0=O}{2 1=I}{3}', '101')).toBe('<svg>I01</svg>');
    expect(fill('{1 \u{1F600}=x}{2 ===}', '\u{1F600}=')).toBe('<svg>x=</svg>');
  });

  it('keeps what only looks like a place', () => {
    const css = '<style>.a{fill:red} .b{stroke:none;}</style>{text}{}{texts}{fonts}{font-size:3}';
    expect(fill(css, 'x')).toBe(`<svg>${css.replace('{text}', 'x')}</svg>`);
  });

  it.each(['{Text}', '{ text }', '{0}', '{1 ab}', '{ 1}', '{Font}', '{font 0}', '{font 1-}'])(
    'has no %s that was meant to be one',
    (wrong) => {
      expect(() => parseTemplate('t.svg', `<svg>{text}${wrong}</svg>`)).toThrow(
        expect.objectContaining({
          code: 'bad-template',
          exitCode: 2,
          message: expect.stringContaining(`${wrong} is no place`) as string,
        }),
      );
    },
  );

  it('draws every choice at some time', () => {
    const template = parseTemplate('t.svg', '<svg>{text}{1|2|3}</svg>');
    const random = randomFrom(1);
    const seen = new Set(
      Array.from({ length: 60 }, () =>
        fillTemplate(template, { text: '', fonts: new Map([['font', sans!]]) }, random),
      ),
    );
    expect(seen).toEqual(new Set(['<svg>1</svg>', '<svg>2</svg>', '<svg>3</svg>']));
  });
});

describe('the fonts of a template', () => {
  const template = (svg: string) => parseTemplate('t.svg', `<svg>${svg}</svg>`);
  /** It has no Vietnamese letters. */
  const mono = openFonts([], ['a']).find(({ family }) => family === 'DejaVu Sans Mono');
  const both = [sans!.file, mono!.file];
  const families = (svg: string, files: string[], texts: string[]) =>
    [...templateFonts(template(svg), files, texts)].map(([place, fonts]) => [
      place,
      fonts.map(({ family }) => family),
    ]);

  it('need only have what stands in their places', () => {
    expect(families('{1}{2}{3}{font 1}{font 2-3}', both, ['ếab', 'ốc'])).toEqual([
      ['font 1', [sans!.family]],
      ['font 2-3', [sans!.family, mono!.family]],
    ]);
    expect(families('{1 ế=e}{2}{font}', both, ['ếa'])).toEqual([['font', [sans!.family, mono!.family]]]);
  });

  it('are one for each place in a picture', () => {
    const placed = templateFonts(template('{1}{2}{font 1}{font 2}'), both, ['ếa']);
    const random = randomFrom(1);
    const chosen = Array.from({ length: 40 }, () => chooseFonts(placed, random));
    expect(new Set(chosen.map((fonts) => fonts.get('font 1')!.family))).toEqual(new Set([sans!.family]));
    expect(new Set(chosen.map((fonts) => fonts.get('font 2')!.family)).size).toBe(2);
    const filling = {
      text: 'ếa',
      fonts: chosen.find((fonts) => fonts.get('font 2')!.family === mono!.family)!,
    };
    const svg = template('{1}{2}<a f="{font 1}"/><b f="{font 2}"/>');
    expect(fillTemplate(svg, filling, random)).toBe(
      `<svg>ếa<a f="${sans!.family}"/><b f="${mono!.family}"/></svg>`,
    );
  });

  it.each([
    ['no named font has what a place needs', '{1}{2}{font 1}', [mono!.file], 'DejaVu Sans Mono has no'],
    ['a named font is for no place', '{1}{2}{font}', both, 'DejaVu Sans Mono has no'],
  ])('are refused where %s', (_, svg, files, message) => {
    expect(() => templateFonts(template(svg), files, ['ếa'])).toThrow(
      expect.objectContaining({
        code: 'font-lacks-character',
        exitCode: 2,
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});

describe('a line drawn into a template', () => {
  it('has the height asked for, the proportions of the picture, and its colours', async () => {
    const image = await drawn(picture(word('{font}')));
    expect([image.heightPx, image.widthPx]).toEqual([40, 80]);
    expect([...image.data.subarray(0, 3)]).toEqual([0, 0, 255]);
    expect(image.data.some((value, index) => index % 3 === 0 && value > 200)).toBe(true);
  });

  it('is drawn with the fonts that were named, each in some lines', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 't.svg'), picture(word('{font}')));
    // A process of its own: the renderer of SVG knows the fonts of its first picture only.
    const drawnWith = async (...fonts: string[]) => {
      const named = fonts.flatMap((font) => ['--font', font]);
      const args = ['--out', 'out', '--template', 't.svg', '--count', '8', '--pattern', 'H'];
      const exact = ['--noise', '0', '--blur', '0', '--slant', '0', '--contrast', '1'];
      await ocrpipeJson(['synth', ...args, ...exact, ...named], { cwd: folder });
      const images = readdirSync(join(folder, 'out/images'));
      return new Set(images.map((name) => readFileSync(join(folder, 'out/images', name), 'base64')));
    };
    const [one, two] = [await drawnWith(sans!.file), await drawnWith(serif!.file)];
    expect([one.size, two.size]).toEqual([1, 1]);
    expect(await drawnWith(sans!.file, serif!.file)).toEqual(new Set([...one, ...two]));
    expect(one).not.toEqual(two);
  });

  it('is another for another text, and the same for the same seed', async () => {
    const source = { least: 1, most: 1, from: { alphabet: ['I'] } };
    const [one, again, two] = await Promise.all([
      drawn(picture(word('{font}'))),
      drawn(picture(word('{font}'))),
      drawn(picture(word('{font}')), { source }),
    ]);
    expect(again.data).toEqual(one.data);
    expect(two.data).not.toEqual(one.data);
  });

  it('keeps its brightness within what the contrast leaves', async () => {
    const style = { heightPx: 40, blurPx: 1, noise: 0, slantDegrees: 5, contrast: 0.5 };
    const image = await drawn(picture(word('{font}')), { style });
    expect(Math.max(...image.data)).toBeLessThanOrEqual(255);
    expect(Math.max(...image.data) - Math.min(...image.data)).toBeGreaterThan(0.45 * 255);
  });

  it('can be the plate of the example', async () => {
    const file = new URL('../../../examples/plates/plate.svg', import.meta.url);
    const source = patternTexts('[A-Z]{2}\\d{5}', []);
    const image = await drawn(readFileSync(file, 'utf8'), {
      source: { least: 7, most: 7, from: { pattern: source } },
    });
    expect(image.widthPx / image.heightPx).toBeGreaterThan(2.5);
  });
});

describe('a template that cannot be used', () => {
  it.each([
    ['<p>{text}</p>', 'no SVG'],
    ['<svg>text</svg>', 'no place'],
    ['<svg>{1}{3}</svg>', '{2} has none'],
    ['<svg>{text}{font 3-2}</svg>', '{font 3-2} ends before it begins'],
  ])('is refused: %s', (svg, why) => {
    expect(() => parseTemplate('t.svg', svg)).toThrow(
      expect.objectContaining({
        code: 'bad-template',
        exitCode: 2,
        message: expect.stringContaining(why) as string,
      }),
    );
  });

  it('is refused by name if it is no sound picture', async () => {
    await expect(drawn('<svg xmlns="http://www.w3.org/2000/svg"><g>{text}</svg>')).rejects.toMatchObject({
      code: 'bad-template',
      message: expect.stringMatching(/^label\.svg cannot be used as a template: /) as string,
    });
  });

  it('is refused if texts are longer than it has places', async () => {
    const source = { least: 1, most: 3, from: { alphabet: ['a'] } };
    await expect(drawn(picture('{1}{2}'), { source })).rejects.toMatchObject({ code: 'template-too-short' });
  });
});
