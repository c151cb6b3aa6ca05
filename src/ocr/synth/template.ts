import { userError } from '../../base/errors.js';
import type { Random } from '../../base/random.js';
import { blur } from '../images/filters.js';
import type { Pixels } from '../images/load.js';
import { sharp } from '../images/sharp.js';
import { warp, type Plane } from '../images/warp.js';
import { characters } from '../text/code-points.js';
import type { LineStyle } from './draw-line.js';
import type { FontFile } from './font-file.js';
import { escapeXml } from './fontconfig.js';

/** A picture with places for a text: a plate, a form's field, a stamp. */
export interface Template {
  readonly file: string;
  readonly svg: string;
  /** Characters that have a place; Infinity with a place for the whole text. */
  readonly places: number;
}

/** What stands in a template's places. */
export interface Filling {
  text: string;
  font: FontFile;
}

/** `{text}`, `{font}`, `{3}` (the third character) and `{a|b|c}` (one of these). */
const PLACE = /\{(?:(?<word>text|font)|(?<nth>[1-9]\d*)|(?<options>[^{}|]*(?:\|[^{}|]*)+))\}/g;
/** Drawn larger by this factor and then scaled down, so that edges are as soft as a camera's. */
const FINER = 3;
const CSS_PIXELS_PER_INCH = 96;

/** Throws `bad-template` (exit code 2) if the file is no SVG or has no place for a text. */
export function parseTemplate(file: string, svg: string): Template {
  if (!/<svg[\s>]/.test(svg)) throw badTemplate(file, 'it is no SVG picture');
  const found = [...svg.matchAll(PLACE)].map(({ groups }) => groups!);
  const nth = found.map(({ nth: place }) => Number(place ?? 0));
  const places = found.some(({ word }) => word === 'text') ? Infinity : Math.max(0, ...nth);
  if (places === 0) throw badTemplate(file, 'it has no place for a text: neither {text} nor {1}, {2} …');
  const lacking = Array.from({ length: Number.isFinite(places) ? places : 0 }, (_, index) => index + 1);
  const first = lacking.find((place) => !nth.includes(place));
  if (first !== undefined) throw badTemplate(file, `{${places}} has a place, and {${first}} has none`);
  return { file, svg, places };
}

function badTemplate(file: string, why: string, cause?: unknown): Error {
  return userError('bad-template', `${file} cannot be used as a template: ${why}`, {
    location: { file },
    hint: 'Give an SVG picture in which {text} stands for the text, or {1}, {2} … for its characters.',
    cause,
  });
}

/** The template's SVG with the text, the font's family and choices put in. */
export function fillTemplate(template: Template, { text, font }: Filling, random: Random): string {
  const each = characters(text);
  return template.svg.replace(PLACE, (...found) => {
    const groups = found.at(-1) as Record<'word' | 'nth' | 'options', string | undefined>;
    if (groups.nth !== undefined) return escapeXml(each[Number(groups.nth) - 1] ?? '');
    if (groups.word !== undefined) return escapeXml(groups.word === 'text' ? text : font.family);
    const options = groups.options!.split('|');
    return options[random.below(options.length)]!;
  });
}

/** Draws the text into the template, in colour. The same text, font, style and random numbers give the same pixels. */
export async function drawTemplate(
  template: Template,
  { text, font }: Filling,
  style: LineStyle,
  random: Random,
): Promise<Pixels> {
  const svg = fillTemplate(template, { text, font }, random);
  const clean = await render(template, svg, style.heightPx);
  const slant = Math.tan((random.between(-style.slantDegrees, style.slantDegrees) * Math.PI) / 180);
  const slanted = warp(clean, [1, slant, 0, 0, 1, 0, 0, 0, 1]);
  const sigma = random.between(0, style.blurPx);
  return exposed(sigma > 0.2 ? blur(slanted, sigma) : slanted, style, random);
}

async function render(template: Template, svg: string, heightPx: number): Promise<Plane> {
  const input = Buffer.from(svg);
  try {
    const { height } = await sharp(input).metadata();
    const density = Math.min(2400, Math.max(1, (CSS_PIXELS_PER_INCH * FINER * heightPx) / height));
    const drawn = sharp(input, { density }).flatten({ background: 'white' }).toColourspace('srgb');
    const { data, info } = await drawn
      .resize({ height: heightPx })
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return {
      data: Float32Array.from(data),
      heightPx: info.height,
      widthPx: info.width,
      channels: info.channels,
    };
  } catch (error) {
    throw badTemplate(template.file, error instanceof Error ? error.message.trim() : String(error), error);
  }
}

/** Less contrast around a brightness of its own, as light and cameras make it, and noise. */
function exposed(image: Plane, style: LineStyle, random: Random): Pixels {
  const contrast = random.between(style.contrast, 1);
  const black = random.between(0, 255 * (1 - contrast));
  const deviation = random.between(0, style.noise);
  const data = new Uint8Array(image.data.length);
  for (let index = 0; index < data.length; index += 1) {
    const seen = black + contrast * image.data[index]! + deviation * random.normal();
    data[index] = Math.min(255, Math.max(0, Math.round(seen)));
  }
  return { data, heightPx: image.heightPx, widthPx: image.widthPx, channels: image.channels as 1 | 3 };
}
