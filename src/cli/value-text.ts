import type { JsonValue } from '../base/canonical-json.js';
import { plainValue } from '../base/plain-value.js';
import { delta, type ValueChange } from '../metrics/value-changes.js';
import { textTable } from './table.js';

/** How values are shown: parameters as they are, measured numbers rounded. */
export interface ValueStyle {
  markdown: boolean;
  rounded: boolean;
}

/** One row a change; `empty` where there is none. */
export function changesText(changes: readonly ValueChange[], style: ValueStyle & { empty: string }): string {
  if (changes.length === 0) return style.empty;
  const rows = changes.map((change) => changeCells(change, style));
  return tableText(rows, ['file', 'key', 'old', 'new', 'delta'], style);
}

/** One row a value. */
export function valuesText(
  values: readonly { file: string; key: string; value: JsonValue }[],
  style: ValueStyle,
): string {
  const rows = values.map(({ file, key, value }) => [file, key, valueText(value, style)]);
  return tableText(rows, ['file', 'key', 'value'], style);
}

function tableText(rows: readonly string[][], header: readonly string[], { markdown }: ValueStyle): string {
  return (markdown ? markdownTable : textTable)(rows, header);
}

function changeCells(change: ValueChange, style: ValueStyle): string[] {
  const by = delta(change);
  const sign = by === undefined ? '' : `${by > 0 ? '+' : ''}${valueText(by, style)}`;
  const [old, now] = [
    change.absent === 'old' ? '-' : valueText(change.old, style),
    change.absent === 'new' ? '-' : valueText(change.new, style),
  ];
  return [change.file, change.key, old, now, sign];
}

function valueText(value: JsonValue, { rounded }: ValueStyle): string {
  return rounded && typeof value === 'number' ? roundedText(value) : plainValue(value);
}

/** Four decimals, of a small number four that are not zero: `12.3457`, `0.0001235`. */
function roundedText(value: number): string {
  return String(Math.abs(value) < 1 ? Number(value.toPrecision(4)) : Number(value.toFixed(4)));
}

/** GitHub's tables: '|' and line ends would end a cell. */
function markdownTable(rows: readonly (readonly string[])[], header: readonly string[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
