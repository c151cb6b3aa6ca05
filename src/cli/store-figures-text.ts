import type { Amount, StoreFigures } from '../actions/store-figures.js';
import { textTable } from './table.js';
import { countText } from '../base/count-text.js';
import { bytesText } from './units.js';

/** The figures of a store for people, a line for each kind of file that it has. */
export function storeFiguresText(figures: StoreFigures): string {
  const { folder, tracked, packs, large, runs, trash, quarantine, tmp, dedup } = figures;
  const rows = [
    row('tracked', tracked, 'named by the pointers'),
    row('packs', packs, countText(packs.objects, 'object')),
    row('large files', large, ''),
    row('run records', runs, ''),
    ...(trash.files > 0 ? [row('trash', trash, "what 'ocrpipe gc' took out")] : []),
    ...(quarantine.files > 0 ? [row('quarantine', quarantine, 'found damaged, kept to look at')] : []),
    ...(tmp.files > 0 ? [row('unfinished', tmp, 'of running or ended commands')] : []),
  ];
  const table = textTable(rows).replaceAll(/^/gm, '  ');
  const ratio = dedup === undefined ? '' : `\n  ${dedup.toFixed(2)} bytes tracked for each byte held`;
  return `Store (${folder}):\n${table}${ratio}`;
}

function row(name: string, { files, bytes }: Amount, what: string): string[] {
  return [name, countText(files, 'file'), bytesText(bytes), what];
}
