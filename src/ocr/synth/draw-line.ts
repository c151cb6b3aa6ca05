import type { Random } from '../../base/random.js';
import { blur } from '../images/filters.js';
import type { Pixels } from '../images/load.js';
import { sharp } from '../images/sharp.js';
import { warp, type Plane } from '../images/warp.js';
import type { FontFile } from './font-file.js';
import { escapeXml } from './fontconfig.js';
import { printed } from './printed.js';

/** How lines look; each line draws its own values up to these. */
export interface LineStyle {
  /** Height of every image. */
  heightPx: number;
  /** Largest standard deviation of the blur. */
  blurPx: number;
  /** Largest standard deviation of the noise, of 255 grey values. */
  noise: number;
  /** Largest slant to either side, in degrees. */
  slantDegrees: number;
  /** Least difference of ink and paper, 0 to 1. */
  contrast: number;
  /** Font sizes as shares of the image's height. */
  size?: Shares | undefined;
  /** White left and right of the text, as shares of the image's height. */
  margin?: Shares | undefined;
  /** More space after every letter, as shares of the font's size; none: as the font has it. */
  tracking?: Shares | undefined;
  /** More space after every word, as shares of the font's size; none: as the font has it. */
  gap?: Shares | undefined;
  /** How far ink spreads beyond the letters' outlines, as shares of the image's height; none: as drawn, with soft edges. */
  ink?: Shares | undefined;
}

interface Shares {
  least: number;
  most: number;
}

/** In a point, which is a pixel at 72 dpi. */
const PANGO_UNITS = 1024;
/** What a line has around it where nothing else is asked for: room. */
const ROOMY = { size: { least: 0.5, most: 0.75 }, margin: { least: 0.1, most: 0.5 } };

/** Sizes of the font that lines of this style are drawn in, as shares of the image's height. */
export function sizesOf({ size = ROOMY.size }: LineStyle): Shares {
  return size;
}

/** Draws one line of dark text on light paper. The same text, font, style and random numbers give the same pixels. */
export async function drawLine(
  text: string,
  font: FontFile,
  style: LineStyle,
  random: Random,
): Promise<Pixels> {
  const ink = await inkOf(text, font, style, random);
  const place = drawPlace(ink, style, random);
  const slant = Math.tan((random.between(-style.slantDegrees, style.slantDegrees) * Math.PI) / 180);
  const slanted = warp(placeInk(ink, withRoom(place, slant), style.heightPx), [
    1,
    slant,
    0,
    0,
    1,
    0,
    0,
    0,
    1,
  ]);
  const spreadPx = style.ink && style.heightPx * drawn(style.ink, random);
  const inked = spreadPx === undefined ? slanted : printed(slanted, spreadPx, random);
  const sigma = random.between(0, style.blurPx);
  return onPaper(sigma > 0.2 ? blur(inked, sigma) : inked, style, random);
}

/** The coverage of the text, 0 to 255, cut to its ink and made smaller if it is higher than the image. */
async function inkOf(text: string, font: FontFile, style: LineStyle, random: Random): Promise<Plane> {
  const sizePx = Math.round(style.heightPx * drawn(sizesOf(style), random));
  // The comma ends the family's name: words of the name are never taken for a style.
  const description = `${font.family}, ${font.style} ${sizePx}`;
  const picture = sharp({
    text: { text: spaced(text, sizePx, style, random), font: description, fontfile: font.file, dpi: 72 },
  }).toColourspace('b-w');
  const image = picture
    .resize({ height: style.heightPx - 2, withoutEnlargement: true })
    .raw({ depth: 'uchar' });
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  const single = new Float32Array(info.width * info.height);
  for (let index = 0; index < single.length; index += 1) single[index] = data[index * info.channels]!;
  return { data: single, heightPx: info.height, widthPx: info.width, channels: 1 };
}

/** The text as Pango's markup, with the space that the style adds between letters and words. */
function spaced(text: string, sizePx: number, { tracking, gap }: LineStyle, random: Random): string {
  if (!tracking && !gap) return escapeXml(text);
  const between = tracking ? drawn(tracking, random) : 0;
  const after = between + (gap ? drawn(gap, random) : 0);
  const span = (share: number, part: string): string =>
    `<span letter_spacing="${Math.round(share * sizePx * PANGO_UNITS)}">${escapeXml(part)}</span>`;
  return text
    .split(/( +)/)
    .map((part) => span(part.startsWith(' ') ? after : between, part))
    .join('');
}

function drawn({ least, most }: Shares, random: Random): number {
  return random.between(least, most);
}

/** Where the ink lies in its image: the paper around it, in pixels. */
interface Place {
  left: number;
  right: number;
  top: number;
  /** From the middle of the image to the furthest row of ink. */
  reach: number;
}

/** Somewhere between top and bottom, with margins of its own. */
function drawPlace(ink: Plane, { heightPx, margin = ROOMY.margin }: LineStyle, random: Random): Place {
  const left = Math.round(heightPx * drawn(margin, random));
  const right = Math.round(heightPx * drawn(margin, random));
  const middle = (heightPx - ink.heightPx) / 2;
  const top = Math.round(middle + random.between(-0.7, 0.7) * middle);
  return { left, right, top, reach: Math.max(heightPx / 2 - top, top + ink.heightPx - heightPx / 2) };
}

/** With margins at least as wide as the slant moves ink to either side: nothing of it is cut off. */
function withRoom(place: Place, slant: number): Place {
  const room = Math.ceil(Math.abs(slant) * place.reach);
  return { ...place, left: Math.max(place.left, room), right: Math.max(place.right, room) };
}

function placeInk(ink: Plane, { left, right, top }: Place, heightPx: number): Plane {
  const widthPx = left + ink.widthPx + right;
  const data = new Float32Array(heightPx * widthPx);
  for (let y = 0; y < ink.heightPx; y += 1) {
    const row = ink.data.subarray(y * ink.widthPx, (y + 1) * ink.widthPx);
    data.set(row, (top + y) * widthPx + left);
  }
  return { data, heightPx, widthPx, channels: 1 };
}

/** Coverage to grey values: dark on light with the contrast that was drawn, plus noise. */
function onPaper(ink: Plane, style: LineStyle, random: Random): Pixels {
  const paper = random.between(190, 255);
  const difference = paper * random.between(style.contrast, 1);
  const deviation = random.between(0, style.noise);
  const data = new Uint8Array(ink.data.length);
  for (let index = 0; index < data.length; index += 1) {
    const clean = paper - (ink.data[index]! / 255) * difference;
    data[index] = Math.min(255, Math.max(0, Math.round(clean + deviation * random.normal())));
  }
  return { data, heightPx: ink.heightPx, widthPx: ink.widthPx, channels: 1 };
}

/** The image as PNG bytes. */
export function pngOf({ data, heightPx, widthPx, channels }: Pixels): Promise<Uint8Array> {
  return sharp(data, { raw: { width: widthPx, height: heightPx, channels } })
    .png({ compressionLevel: 6 })
    .toBuffer();
}
