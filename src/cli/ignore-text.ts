import type { CheckedPath } from '../actions/ignore-check.js';
import { textTable } from './table.js';

/** One line a path: what leaves it out, or that nothing does. */
export function ignoreText(checked: readonly CheckedPath[]): string {
  return textTable(checked.map((each) => [each.path, reasonText(each)]));
}

function reasonText({ ignored, reason, above, rule }: CheckedPath): string {
  const what = `left out${above === undefined ? '' : ` with ${above}`}`;
  switch (reason) {
    case 'rule': {
      const place = rule === undefined ? '' : `${rule.file}:${rule.line}: ${rule.pattern}`;
      return `${ignored ? `${what} by` : 'kept by'} ${place}`;
    }
    case 'own-folder':
      return `${what}: it belongs to git or ocrpipe`;
    case 'temporary':
      return `${what}: it is a temporary file of ocrpipe`;
    case 'pointer':
      return 'left out: it is a pointer, and no part of the data';
    default:
      return 'nothing leaves it out';
  }
}
