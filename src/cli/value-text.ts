import type { JsonValue } from '../base/canonical-json.js';
import { plainValue } from '../base/plain-value.js';
import { delta, type ValueChange } from '../metrics/value-changes.js';
import { textTable } from './table.js';

/** Columns for people; `empty` where there is no row. */
export function changesText(changes: readonly ValueChange[], empty: string): string {
  if (changes.length === 0) return empty;
  return textTable(changes.map(changeCells), ['file', 'key', 'old', 'new', 'delta']);
}

/** The same as a Markdown table. */
export function changesMarkdown(changes: readonly ValueChange[], empty: string): string {
  if (changes.length === 0) return empty;
  return markdownTable(changes.map(changeCells), ['file', 'key', 'old', 'new', 'delta']);
}

function changeCells(change: ValueChange): string[] {
  const by = delta(change);
  const sign = by === undefined ? '' : by > 0 ? `+${by}` : String(by);
  const [old, now] = [
    change.absent === 'old' ? '-' : plainValue(change.old),
    change.absent === 'new' ? '-' : plainValue(change.new),
  ];
  return [change.file, change.key, old, now, sign];
}

export function valueRows(values: readonly { file: string; key: string; value: JsonValue }[]): string[][] {
  return values.map(({ file, key, value }) => [file, key, plainValue(value)]);
}

/** GitHub's tables: '|' and line ends would end a cell. */
export function markdownTable(rows: readonly (readonly string[])[], header: readonly string[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
