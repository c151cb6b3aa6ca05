import type { OutputKind } from '../../../base/outputs.js';
import type { Pixels } from '../../images/load.js';
import { sharp } from '../../images/sharp.js';
import type { TrainingSettings } from '../train-config.js';
import type { AugmentPreview, PreviewedEffect, PreviewedImage } from './augment-preview.js';
import { SHOWN_EFFECTS } from './effect-amounts.js';

const FIRST_LINE = '<!doctype html><!-- ocrpipe: preview of augmentation -->';
/** Images up to this height are shown at twice their size. */
const SMALL_PX = 64;

/** What a preview replaces: an earlier one. */
export const previewKind: OutputKind = {
  what: 'preview of augmentation',
  owns: (head) => head.startsWith(FIRST_LINE),
};

/** What the page says of where it comes from. */
export interface PreviewOrigin {
  /** As it was typed. */
  manifest: string;
  params: string;
  settings: TrainingSettings;
}

/** One HTML page that needs nothing beside itself. The same preview gives the same bytes. */
export async function previewPage(preview: AugmentPreview, origin: PreviewOrigin): Promise<string> {
  const on = preview.effects.filter(({ isOn }) => isOn);
  const off = preview.effects.filter(({ isOn }) => !isOn);
  const sections = [
    await together(preview.images, on.length),
    await alone(on, 'Each effect alone, at its most', 'Training draws weaker ones as often as strong ones.'),
    await alone(
      off,
      'Effects that are off',
      'They change nothing in training. This is a moderate amount of each, to choose from.',
    ),
  ];
  return [
    FIRST_LINE,
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<title>How training varies its images</title><style>${STYLE}</style></head><body><main>`,
    `<h1>How training varies its images</h1>`,
    introduction(preview, origin),
    ...sections,
    `</main></body></html>`,
    '',
  ].join('\n');
}

function introduction(
  { images, broken, total }: AugmentPreview,
  { manifest, params, settings }: PreviewOrigin,
): string {
  const { model, train } = settings;
  const size = `${model.height} pixels high, ${model.channels === 1 ? 'grey' : 'in colour'}`;
  const lines = [
    `${images.length} of the ${total} images of <code>${escaped(manifest)}</code>, as the model sees them (${size}), varied by the section <code>augment</code> of <code>${escaped(params)}</code>. Seed ${train.seed}. Nothing was trained.`,
    ...broken.map(({ message }) => `Cannot be shown: ${escaped(message)}`),
  ];
  return lines.map((line) => `<p>${line}</p>`).join('\n');
}

async function together(images: readonly PreviewedImage[], effects: number): Promise<string> {
  const cards = await Promise.all(
    images.map(async ({ name, text, original, epochs }) => {
      const varied = await Promise.all(
        epochs.map((picture, epoch) => figure(picture, `epoch ${epoch + 1}`, `${text}, epoch ${epoch + 1}`)),
      );
      const plain = await figure(original, 'as it is', text);
      return `<section class="card"><h3><bdi>${escaped(text)}</bdi> <small>${escaped(name)}</small></h3><div class="row">${plain}${varied.join('')}</div></section>`;
    }),
  );
  const what =
    effects === 0
      ? 'No effect is on: every epoch shows the same pictures. Name some in the section <code>augment</code>.'
      : 'These are the very pictures of the first epochs. An image in which no effect was drawn stays as it is.';
  return `<h2>All effects together, epoch by epoch</h2>\n<p>${what}</p>\n${cards.join('\n')}`;
}

async function alone(effects: readonly PreviewedEffect[], title: string, what: string): Promise<string> {
  if (effects.length === 0) return '';
  const cards = await Promise.all(
    effects.map(async (effect) => {
      const pictures = await Promise.all(
        effect.pictures.map((picture) => figure(picture, '', `${effect.name} alone`)),
      );
      return `<section class="card"><h3>${effect.name} <small>${caption(effect)}</small></h3><div class="row">${pictures.join('')}</div></section>`;
    }),
  );
  return `<h2>${title}</h2>\n<p>${what}</p>\n<div class="effects">${cards.join('\n')}</div>`;
}

function caption({ name, isOn, min, max, probability }: PreviewedEffect): string {
  const { what, say, before = 'up to' } = SHOWN_EFFECTS[name];
  if (!isOn) return `${what}: ${say(max)} (<code>${name}: ${max}</code>)`;
  const least = min > 0 ? `from ${say(min)} ` : '';
  return `${what}: ${least}${before} ${say(max)}, in ${Math.round(100 * probability)} % of the images`;
}

async function figure(picture: Pixels, label: string, alt: string): Promise<string> {
  const { widthPx, heightPx } = picture;
  const scale = heightPx <= SMALL_PX ? 2 : 1;
  const image = `<img src="data:image/png;base64,${await pngOf(picture)}" width="${widthPx * scale}" height="${heightPx * scale}" alt="${escaped(alt)}">`;
  return `<figure>${image}${label === '' ? '' : `<figcaption>${label}</figcaption>`}</figure>`;
}

async function pngOf({ data, heightPx, widthPx, channels }: Pixels): Promise<string> {
  const raw = { width: widthPx, height: heightPx, channels };
  const bytes = await sharp(data, { raw })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 9 })
    .toBuffer();
  return bytes.toString('base64');
}

function escaped(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replaceAll(/[&<>"]/g, (character) => names[character]!);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1e21; --paper: #f6f6f4; --card: #fff; --faint: #5f646b; --line: #dcdcd8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e3; --paper: #17181a; --card: #212326; --faint: #a0a4aa; --line: #36393d; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 75rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .75rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1rem; margin: 0 0 .6rem; overflow-wrap: anywhere; }
p { margin: .25rem 0 1rem; max-width: 46rem; overflow-wrap: anywhere; }
small { font-weight: normal; font-size: .875rem; color: var(--faint); }
code { font-size: .9em; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; margin: 0 0 1rem; }
.effects { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 23rem), 1fr)); gap: 1rem; }
.effects .card { margin: 0; }
.row { display: flex; flex-wrap: wrap; gap: .75rem; }
figure { margin: 0; max-width: 100%; }
img { display: block; max-width: 100%; height: auto; border-radius: 2px; }
figcaption { font-size: .8rem; color: var(--faint); }
`;
