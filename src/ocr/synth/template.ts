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
  /** Each named once. */
  readonly fontPlaces: readonly FontPlace[];
  /** By the number of a place, what is drawn in place of some characters. */
  readonly shapes: ReadonlyMap<number, ReadonlyMap<string, string>>;
}

/** Where a template names a font: for which of the text's characters, counted from 1. */
export interface FontPlace {
  /** As it stands in the template. */
  readonly name: string;
  readonly first: number;
  readonly last: number;
}

/** What stands in a template's places. */
export interface Filling {
  text: string;
  /** By the name of the place. */
  fonts: ReadonlyMap<string, FontFile>;
}

/**
 * `{text}`, `{3}` (the third character), `{3 1=I}` (with I drawn for 1), `{font}` (for all of the text), `{font 2}` and `{font 2-7}` (for these
 * characters), and `{a|b|c}` (one of these).
 */
const PLACE =
  /\{(?:(?<text>text)|(?<font>font(?: (?<first>[1-9]\d*)(?:-(?<last>[1-9]\d*))?)?)|(?<nth>[1-9]\d*)(?<shapes>(?: [^\s{}]=[^\s{}])*)|(?<options>[^{}|]*(?:\|[^{}|]*)+))\}/gu;
/** What was meant as a place and is none: nobody wants braces drawn around it. */
const NEARLY_PLACE = /\{\s*(?:text|font(?:\s+[\d\s-]*)?|\d[^{}|]*)\s*\}/giu;
type Place = Record<'text' | 'font' | 'first' | 'last' | 'nth' | 'shapes' | 'options', string | undefined>;
/** Drawn larger by this factor and then scaled down, so that edges are as soft as a camera's. */
const FINER = 3;
const CSS_PIXELS_PER_INCH = 96;

/** Throws `bad-template` (exit code 2) if the file is no SVG or has no place for a text. */
export function parseTemplate(file: string, svg: string): Template {
  if (!/<svg[\s>]/.test(svg)) throw badTemplate(file, 'it is no SVG picture');
  // What a place was cannot become one with what stood around it.
  const wrong = svg.replace(PLACE, '{}').match(NEARLY_PLACE)?.[0];
  if (wrong !== undefined)
    throw badTemplate(
      file,
      `${wrong} is no place: they are written {text}, {3}, {3 1=I}, {font}, {font 2-7} and {a|b}`,
    );
  const found = [...svg.matchAll(PLACE)].map(({ groups }) => groups as Place);
  const nth = found.map(({ nth: place }) => Number(place ?? 0));
  const places = found.some(({ text }) => text !== undefined) ? Infinity : Math.max(0, ...nth);
  if (places === 0) throw badTemplate(file, 'it has no place for a text: neither {text} nor {1}, {2} …');
  const lacking = Array.from({ length: Number.isFinite(places) ? places : 0 }, (_, index) => index + 1);
  const first = lacking.find((place) => !nth.includes(place));
  if (first !== undefined) throw badTemplate(file, `{${places}} has a place, and {${first}} has none`);
  const fontPlaces = new Map(found.flatMap(fontPlace).map((place) => [place.name, place]));
  const backwards = [...fontPlaces.values()].find((place) => place.last < place.first);
  if (backwards) throw badTemplate(file, `{${backwards.name}} ends before it begins`);
  const shapes = new Map(
    found.filter((place) => place.shapes).map((place) => [Number(place.nth), shapesOf(place)]),
  );
  return { file, svg, places, fontPlaces: [...fontPlaces.values()], shapes };
}

function fontPlace({ font, first, last }: Place): FontPlace[] {
  if (font === undefined) return [];
  if (first === undefined) return [{ name: font, first: 1, last: Infinity }];
  return [{ name: font, first: Number(first), last: Number(last ?? first) }];
}

function shapesOf({ shapes = '' }: Place): Map<string, string> {
  const pairs = shapes.split(' ').filter((pair) => pair !== '');
  return new Map(pairs.map((pair) => characters(pair)).map(([from, , to]) => [from!, to!]));
}

/** What stands in a place of its own for the text's character there. */
export function drawnAs({ shapes }: Template, nth: number, character: string): string {
  return shapes.get(nth)?.get(character) ?? character;
}

function badTemplate(file: string, why: string, cause?: unknown): Error {
  return userError('bad-template', `${file} cannot be used as a template: ${why}`, {
    location: { file },
    hint: 'Give an SVG picture in which {text} stands for the text, or {1}, {2} … for its characters.',
    cause,
  });
}

/** The template's SVG with the text, the fonts' families and choices put in. */
export function fillTemplate(template: Template, { text, fonts }: Filling, random: Random): string {
  const each = characters(text);
  return template.svg.replace(PLACE, (...found) => {
    const place = found.at(-1) as Place;
    const nth = Number(place.nth ?? 0);
    if (nth > 0) return escapeXml(drawnAs(template, nth, each[nth - 1] ?? ''));
    if (place.text !== undefined) return escapeXml(text);
    if (place.font !== undefined) return escapeXml(fonts.get(place.font)!.family);
    const options = place.options!.split('|');
    return options[random.below(options.length)]!;
  });
}

/** Draws the text into the template, in colour. The same text, font, style and random numbers give the same pixels. */
export async function drawTemplate(
  template: Template,
  filling: Filling,
  style: LineStyle,
  random: Random,
): Promise<Pixels> {
  const svg = fillTemplate(template, filling, random);
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
