import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OcrpipeEvent } from '../../../src/base/events.js';
import { randomFrom } from '../../../src/base/random.js';
import { loadImage, type Pixels } from '../../../src/ocr/images/load.js';
import { drawLine, type LineStyle } from '../../../src/ocr/synth/draw-line.js';
import { readFontFile } from '../../../src/ocr/synth/font-file.js';
import { openFonts } from '../../../src/ocr/synth/fonts.js';
import { withOwnFontsOnly } from '../../../src/ocr/synth/fontconfig.js';
import { synthesize, type SynthOptions } from '../../../src/ocr/synth/synthesize.js';
import { differentTexts, drawTexts, parseLength } from '../../../src/ocr/synth/texts.js';
import fc, { runs } from '../../rig/fast-check.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';

const style: LineStyle = { heightPx: 32, blurPx: 1, noise: 18, slantDegrees: 12, contrast: 0.45 };
const plain: LineStyle = { heightPx: 48, blurPx: 0, noise: 0, slantDegrees: 0, contrast: 1 };
const vietnamese = Array.from('aáàảãạăắằẳẵặâấầẩẫậđeéèẻẽẹêếềểễệiíìỉĩịoóòỏõọôốồổỗộơớờởỡợuúùủũụưứừửữựyýỳỷỹỵ');

function options(more: Partial<SynthOptions> = {}): SynthOptions {
  return {
    count: 12,
    seed: 3,
    source: { least: 5, most: 10, from: { alphabet: vietnamese } },
    style,
    fonts: [],
    ...more,
  };
}

/** The widest of the default fonts. */
const boldFile = openFonts([], ['W']).find(({ style }) => style === 'Bold')!.file;

/** A range of one share. */
const share = (value: number) => ({ least: value, most: value });

/** Rows from the first to the last with ink, and columns of paper beside it. */
function inkIn({ data, widthPx }: Pixels): { rows: number; columns: { left: number; right: number } } {
  const inked = [...data.keys()].filter((index) => data[index]! < 128);
  const rowOf = (index: number): number => Math.floor(index / widthPx);
  const columns = inked.map((index) => index % widthPx);
  return {
    rows: rowOf(inked.at(-1)!) - rowOf(inked[0]!) + 1,
    columns: { left: Math.min(...columns), right: widthPx - 1 - Math.max(...columns) },
  };
}

describe('drawn lines', () => {
  it('are the same bytes for the same seed, and others for another', async () => {
    const folders = [temporaryFolder(), temporaryFolder(), temporaryFolder()] as const;
    await synthesize(folders[0], options());
    await synthesize(folders[1], options());
    await synthesize(folders[2], options({ seed: 4 }));
    const bytes = (folder: string, name: string) => readFileSync(join(folder, name));
    for (const name of ['labels.json', 'images/000001.png', 'images/000012.png']) {
      expect(bytes(folders[1], name)).toEqual(bytes(folders[0], name));
      expect(bytes(folders[2], name)).not.toEqual(bytes(folders[0], name));
    }
  });

  it('have one height, a text each, and ink on paper', async () => {
    const folder = temporaryFolder();
    const { labels, fonts } = await synthesize(folder, options());
    expect(labels.size).toBe(12);
    expect(new Set(labels.values()).size).toBe(12);
    expect(new Set(fonts).size).toBe(fonts.length);
    for (const name of labels.keys()) {
      const image = await loadImage(join(folder, name), { channels: 1 });
      expect(image.heightPx).toBe(32);
      expect(Math.max(...image.data) - Math.min(...image.data)).toBeGreaterThan(60);
    }
  });

  it('are as large, and have as much paper beside them, as is asked for', async () => {
    const folder = temporaryFolder();
    const source = { least: 8, most: 8, from: { alphabet: ['H', 'p'] } };
    const tight = { ...plain, size: share(1.5), margin: share(0) };
    const { labels } = await synthesize(folder, options({ source, style: tight }));
    for (const name of labels.keys()) {
      const { rows, columns } = inkIn(await loadImage(join(folder, name), { channels: 1 }));
      expect(rows).toBeGreaterThanOrEqual(plain.heightPx - 3);
      expect(columns.left + columns.right).toBeLessThanOrEqual(2);
    }
    const roomy = { ...plain, size: share(0.3), margin: share(1) };
    const other = await synthesize(join(folder, 'roomy'), options({ source, style: roomy }));
    for (const name of other.labels.keys()) {
      const { rows, columns } = inkIn(await loadImage(join(folder, 'roomy', name), { channels: 1 }));
      expect(rows).toBeLessThan(0.5 * plain.heightPx);
      expect(Math.min(columns.left, columns.right)).toBeGreaterThanOrEqual(plain.heightPx - 1);
    }
  });

  it('keep all of their ink when they slant, also without paper beside it', async () => {
    const [font] = openFonts([], ['H']);
    const darkness = async (slantDegrees: number, seed: number): Promise<number> => {
      const sized = { ...plain, slantDegrees, size: share(0.5), margin: share(0) };
      const random = randomFrom(seed, 'slant');
      const { data } = await withOwnFontsOnly(() => drawLine('HHH', font!, sized, random));
      const paper = Math.max(...data);
      return data.reduce((sum, value) => sum + (paper - value) / paper, 0);
    };
    for (let seed = 1; seed <= 8; seed += 1) {
      const kept = (await darkness(45, seed)) / (await darkness(0, seed));
      expect(kept).toBeGreaterThan(0.98);
      expect(kept).toBeLessThan(1.02);
    }
  });

  it('have more space between letters, and between words, as asked for', async () => {
    const [font] = openFonts([], ['H']);
    const sized = { ...plain, size: share(0.5), margin: share(0) };
    const width = async (text: string, more: Partial<LineStyle>): Promise<number> => {
      const line = await withOwnFontsOnly(() =>
        drawLine(text, font!, { ...sized, ...more }, randomFrom(1, 'space')),
      );
      return line.widthPx;
    };
    const em = plain.heightPx / 2;
    const [plainWidth, plainWords] = [await width('HHHHH', {}), await width('H H H', {})];
    expect((await width('HHHHH', { tracking: share(0.5) })) - plainWidth).toBeCloseTo(2 * em, -1);
    expect(await width('HHHHH', { gap: share(1) })).toBe(plainWidth);
    expect((await width('H H H', { gap: share(1) })) - plainWords).toBeCloseTo(2 * em, -1);
  });

  it('have thicker letters where ink spreads, on paper that stays clean', async () => {
    const [font] = openFonts([], ['H']);
    const dark = async (spread: number): Promise<number> => {
      const line = await withOwnFontsOnly(() =>
        drawLine('HHH', font!, { ...plain, ink: share(spread) }, randomFrom(1, 'ink')),
      );
      expect(line.data[0]).toBeGreaterThan(180);
      return line.data.filter((value) => value < 100).length;
    };
    const [thin, thick] = [await dark(0), await dark(0.04)];
    expect(thick).toBeGreaterThan(1.4 * thin);
  });

  it('fail before anything is drawn if a character has no glyph', async () => {
    const folder = join(temporaryFolder(), 'out');
    mkdirSync(folder);
    const source = { least: 1, most: 1, from: { alphabet: ['皖'] } };
    await expect(synthesize(folder, options({ source, count: 1 }))).rejects.toThrow(
      expect.objectContaining({ code: 'font-lacks-character' }),
    );
  });
});

describe('lines that cannot be drawn', () => {
  it.each([
    [100_000, 10],
    [513, 10],
    [64, 1000],
  ])('%i pixels high with %i characters are refused with the limit', async (heightPx, most) => {
    const source = { least: most, most, from: { alphabet: ['M'] } };
    const folder = join(temporaryFolder(), 'out');
    await expect(
      synthesize(folder, options({ source, style: { ...style, heightPx } })),
    ).rejects.toMatchObject({
      code: 'lines-too-large',
      exitCode: 2,
      message: expect.stringMatching(/the limit is (?:512|32768) pixels/) as string,
    });
    expect(existsSync(folder)).toBe(false);
  });
});

describe('the largest lines', () => {
  it.each([
    [{ size: share(1) }, 'W', 57],
    [{ size: share(1) }, 'i', 185],
    [{ size: share(1.5) }, 'W', 38],
    [{ size: share(1), tracking: share(1) }, 'W', 30],
    [{ size: share(1), gap: share(3) }, 'W W', 34],
  ])('with %j, of %s, have %i characters 512 pixels high', async (more, piece, most) => {
    const big = { ...plain, heightPx: 512, ...more };
    const text = (count: number) => piece.repeat(count).slice(0, count);
    const of = (count: number) => ({ least: count, most: count, from: { words: [text(count)] } });
    const folder = temporaryFolder();
    const bold = options({ count: 1, fonts: [boldFile], source: of(most), style: big });
    await synthesize(folder, bold);
    expect((await loadImage(join(folder, 'images/000001.png'), { channels: 1 })).heightPx).toBe(512);
    await expect(synthesize(folder, { ...bold, source: of(most + 1) })).rejects.toMatchObject({
      code: 'lines-too-large',
    });
  });
});

describe('lines', () => {
  it('that repeat the text of another are counted', async () => {
    const notes: string[] = [];
    const events = (event: OcrpipeEvent): void => {
      if (event.type === 'note') notes.push(event.message);
    };
    const source = { least: 1, most: 1, from: { alphabet: ['a', 'b'] } };
    await synthesize(temporaryFolder(), options({ source, events }));
    expect(notes).toEqual([
      '10 of 12 lines repeat the text of another: only 2 different texts of that length were found',
    ]);
  });
});

describe('a font', () => {
  const draw = (text: string, file: string) =>
    withOwnFontsOnly(() => drawLine(text, readFontFile(file), plain, randomFrom(1)));

  it('is really the one that draws: no two of the default ones draw alike', async () => {
    const drawn = new Set<string>();
    for (const font of openFonts([], ['a']))
      drawn.add(Buffer.from((await draw('Quick 27', font.file)).data).toString('hex'));
    expect(drawn.size).toBe(openFonts([], ['a']).length);
  });

  it('draws every Vietnamese letter differently', async () => {
    const [font] = openFonts([], vietnamese);
    const drawn = new Map<string, string>();
    for (const letter of vietnamese) {
      const image: Pixels = await draw(`n${letter}n`, font!.file);
      drawn.set(Buffer.from(image.data).toString('hex'), letter);
    }
    expect([...drawn.values()]).toEqual(vietnamese);
  });

  it('draws text that looks like markup as it stands', async () => {
    const { file } = openFonts([], ['<'])[0]!;
    expect((await draw('<b>&', file)).widthPx).toBeGreaterThan((await draw('b', file)).widthPx + 30);
  });
});

describe('the texts of lines', () => {
  const alphabets = fc
    .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', ' '), { minLength: 2 })
    .filter((all) => all.some((one) => one !== ' '));

  it('have the length and the characters asked for, and no space that nobody could see', () => {
    fc.assert(
      fc.property(
        alphabets,
        fc.integer({ min: 1, max: 8 }),
        fc.nat(4),
        fc.integer(),
        (alphabet, least, more, seed) => {
          const texts = drawTexts({ least, most: least + more, from: { alphabet } }, 20, randomFrom(seed));
          for (const text of texts) {
            expect(text.length).toBeGreaterThanOrEqual(least);
            expect(text.length).toBeLessThanOrEqual(least + more);
            expect(text).toBe(text.trim());
            expect(text).not.toContain('  ');
            for (const character of text) expect(alphabet).toContain(character);
          }
        },
      ),
    );
  });

  it('come from whole words, never cut, without those that are longer than a line', () => {
    const words = ['ab', 'cde', 'f', 'far-too-long'];
    const texts = drawTexts({ least: 5, most: 10, from: { words } }, 200, randomFrom(1));
    for (const text of texts) {
      expect(text).toMatch(/^(?:ab|cde|f)(?: (?:ab|cde|f))*$/);
      expect(text.length).toBeLessThanOrEqual(10);
      expect(text.length).toBeGreaterThanOrEqual(5);
    }
  });

  it('are refused if no words make a line of the length asked for', () => {
    for (const word of ['abcd', 'abcdef']) {
      const source = { least: 5, most: 5, from: { words: [word] } };
      expect(() => drawTexts(source, 1, randomFrom(1))).toThrow(
        expect.objectContaining({ code: 'words-do-not-fit', exitCode: 2 }),
      );
    }
  });

  it('count one character as one', () => {
    const source = { least: 1, most: 1, from: { alphabet: [' '] } };
    expect(() => drawTexts(source, 1, randomFrom(1))).toThrow(
      'no line of 1 character can be drawn: none of the alphabet is visible (1 character)',
    );
  });

  it.each([[[' ']], [['\u200b', ' ', '\t']]])('are refused if the alphabet %j shows nothing', (alphabet) => {
    const source = { least: 2, most: 3, from: { alphabet } };
    expect(() => drawTexts(source, 1, randomFrom(1))).toThrow(
      expect.objectContaining({
        code: 'alphabet-without-text',
        exitCode: 2,
        message: expect.stringContaining('none of the alphabet is visible') as string,
      }),
    );
  });

  it('are as many as can be counted', () => {
    fc.assert(
      fc.property(alphabets, fc.integer({ min: 1, max: 3 }), fc.nat(1), (alphabet, least, more) => {
        const source = { least, most: least + more, from: { alphabet: alphabet.slice(0, 3) } };
        fc.pre(source.from.alphabet.some((character) => character !== ' '));
        const most = differentTexts(source);
        const drawn = drawTexts(source, 12 * most, randomFrom(1));
        expect(new Set(drawn).size).toBe(most);
      }),
      { numRuns: runs(30) },
    );
  });

  it('repeat only when there are no others', () => {
    const texts = drawTexts({ least: 1, most: 1, from: { alphabet: ['a', 'b'] } }, 5, randomFrom(1));
    expect(new Set(texts)).toEqual(new Set(['a', 'b']));
    expect(texts).toHaveLength(5);
  });

  it.each(['0', '5..', '10..5', 'x', '1..5000'])('are not of length %j', (text) => {
    expect(() => parseLength(text)).toThrow(expect.objectContaining({ code: 'bad-length', exitCode: 2 }));
  });
});
