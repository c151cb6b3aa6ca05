import { countText } from '../../base/count-text.js';
import { availableParallelism } from 'node:os';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { userError } from '../../base/errors.js';
import { noEvents, type EventSink } from '../../base/events.js';
import { inParallel } from '../../base/in-parallel.js';
import { randomFrom, type Random } from '../../base/random.js';
import type { Pixels } from '../images/load.js';
import { characters } from '../text/code-points.js';
import { drawLine, pngOf, type LineStyle } from './draw-line.js';
import type { FontFile } from './font-file.js';
import { loadFonts, openFonts } from './fonts.js';
import { withOwnFontsOnly } from './fontconfig.js';
import { chooseFonts, templateFonts } from './template-fonts.js';
import { drawTemplate, type Template } from './template.js';
import { refuseTooWide } from './line-width.js';
import { drawTexts, type TextSource } from './texts.js';

export interface SynthOptions {
  count: number;
  seed: number;
  source: TextSource;
  style: LineStyle;
  /** A picture to draw each text into, in place of paper. */
  template?: Template | undefined;
  /** Font files; none: the default fonts. */
  fonts: readonly string[];
  events?: EventSink;
  signal?: AbortSignal;
}

export interface SynthResult {
  /** `image -> text`, as written to labels.json. */
  labels: ReadonlyMap<string, string>;
  fonts: readonly string[];
  /** Different characters in all texts. */
  characters: number;
}

const REPORT_EVERY = 100;
/** Lines higher than this have no use, and few renderers draw them. */
const MOST_HEIGHT_PX = 512;

/**
 * Draws text lines into `folder`: `images/000001.png`, … and `labels.json`, which `convert` reads. Each line has random
 * numbers of its own, so that the same seed gives the same bytes (on one version of sharp) however many lines are drawn
 * at once. Throws `lines-too-large`, `template-too-short` and what {@link drawTexts}, {@link openFonts} and {@link templateFonts} throw (exit code 2), before anything is
 * drawn.
 */
export async function synthesize(folder: string, options: SynthOptions): Promise<SynthResult> {
  refuseTooHigh(options);
  refuseTooLong(options);
  const texts = drawTexts(options.source, options.count, randomFrom(options.seed, 'synth', 'texts'));
  noteRepeats(texts, options);
  const used = [...new Set(texts.flatMap(characters))];
  const { fonts, drawOne } = drawing(options, texts, used);
  const names = texts.map((_, index) => `images/${String(index + 1).padStart(6, '0')}.png`);
  let done = 0;
  const draw = async (text: string, index: number): Promise<void> => {
    const random = randomFrom(options.seed, 'synth', 'line', index);
    const image = await drawOne(text, random);
    writeFileSync(join(folder, names[index]!), await pngOf(image));
    done += 1;
    report(options, done);
  };
  mkdirSync(join(folder, dirname(names[0]!)), { recursive: true });
  await withOwnFontsOnly(async () => {
    if (options.template) await loadFonts(fonts);
    await inParallel(texts, availableParallelism(), draw, options.signal);
  });
  (options.events ?? noEvents)({ type: 'progress-end', key: 'draw lines' });
  const labels = new Map(names.map((name, index) => [name, texts[index]!]));
  writeFileSync(join(folder, 'labels.json'), `${JSON.stringify(Object.fromEntries(labels), null, 1)}\n`);
  return {
    labels,
    fonts: fonts.map((font) => `${font.family} ${font.style}`.trim()),
    characters: used.length,
  };
}

interface Drawing {
  /** Those that it draws with. */
  fonts: FontFile[];
  drawOne: (text: string, random: Random) => Promise<Pixels>;
}

/** How each text is drawn: on paper, or into the template. */
function drawing({ template, style, ...options }: SynthOptions, texts: string[], used: string[]): Drawing {
  if (template === undefined) {
    const fonts = openFonts(options.fonts, used);
    refuseTooWide(texts, fonts, style);
    const drawOne: Drawing['drawOne'] = (text, random) =>
      drawLine(text, fonts[random.below(fonts.length)]!, style, random);
    return { fonts, drawOne };
  }
  const placed = templateFonts(template, options.fonts, texts);
  const drawOne: Drawing['drawOne'] = (text, random) =>
    drawTemplate(template, { text, fonts: chooseFonts(placed, random) }, style, random);
  return { fonts: [...new Set([...placed.values()].flat())], drawOne };
}

function refuseTooHigh({ style: { heightPx } }: SynthOptions): void {
  if (heightPx <= MOST_HEIGHT_PX) return;
  throw userError(
    'lines-too-large',
    `lines cannot be drawn ${heightPx} pixels high: the limit is ${MOST_HEIGHT_PX} pixels`,
    { hint: 'Give a smaller --height.' },
  );
}

function refuseTooLong({ template, source }: SynthOptions): void {
  if (template === undefined || source.most <= template.places) return;
  throw userError(
    'template-too-short',
    `texts of up to ${countText(source.most, 'character')} do not fit into ${countText(template.places, 'place')}`,
    {
      location: { file: template.file },
      hint: 'Draw shorter texts, with --length or --pattern, or give the template more places.',
    },
  );
}

function noteRepeats(texts: readonly string[], { events = noEvents }: SynthOptions): void {
  const different = new Set(texts).size;
  if (different === texts.length) return;
  const message = `${texts.length - different} of ${texts.length} lines repeat the text of another: only ${countText(different, 'different text')} of that length ${different === 1 ? 'was' : 'were'} found`;
  events({ type: 'note', level: 'info', code: 'texts-repeat', message });
}

function report({ events = noEvents, count }: SynthOptions, done: number): void {
  if (done % REPORT_EVERY === 0) {
    events({ type: 'progress', key: 'draw lines', done, total: count, unit: 'files' });
  }
}
