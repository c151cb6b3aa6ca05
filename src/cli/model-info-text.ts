import type { ModelInfo } from '../actions/model-info.js';
import { sizeText } from './size-text.js';

/** Longer alphabets are cut: `--json` has them whole. */
const SHOWN_CHARACTERS = 100;

/** What a model is, one line a fact. */
export function modelInfoText(info: ModelInfo): string {
  const { type, ...sizes } = info.model;
  const { weights, training } = info;
  const rows: [string, string][] = [
    ['model', info.folder],
    ['type', type],
    ['sizes', listing(sizes)],
    ['columns', columnsText(info.columns)],
    ['weights', `${info.parameters} (${info.trainable} learnt by gradients) in ${info.tensors} tensors`],
    ['by layer', info.layers.map(({ name, parameters }) => `${name} ${parameters}`).join(', ')],
    ['kept as', keptText(info)],
    ['content id', weights.id],
    ['images', listing(info.preprocessing)],
    ['decoder', listing(info.decoder)],
    ['alphabet', alphabetText(info.alphabet)],
    ['trained', `${training.step} steps on ${training.backend}, seed ${training.seed}`],
    ['data id', training.dataId],
    ['validation', listing(info.metrics)],
    ['format', `version ${info.version}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function columnsText({ widthPx, seenPx, steps }: ModelInfo['columns']): string {
  const each = `${widthPx} ${widthPx === 1 ? 'pixel' : 'pixels'}`;
  const what =
    steps === null
      ? `a time step every ${each} of width`
      : `a position every ${each} of width, ${steps} time steps made of all`;
  return `${what}; the convolutions see ${seenPx} pixels around each, what comes behind them the whole line`;
}

function keptText({ weights, parameters }: ModelInfo): string {
  const full = weights.encoding === 'float32' ? '' : ` (${sizeText(4 * parameters)} as float32)`;
  return `${weights.encoding}, ${sizeText(weights.bytes)}${full} in ${weights.file}`;
}

function listing(values: object): string {
  return Object.entries(values)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => `${key} ${valueText(value)}`)
    .join(', ');
}

function valueText(value: unknown): string {
  if (typeof value === 'number') return String(Number(value.toFixed(4)));
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function alphabetText(alphabet: readonly string[]): string {
  const shown = alphabet.slice(0, SHOWN_CHARACTERS).join('');
  const more = alphabet.length - SHOWN_CHARACTERS;
  return `${alphabet.length} characters: ${shown}${more > 0 ? ` and ${more} more` : ''}`;
}
