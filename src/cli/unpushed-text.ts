import type { Unpushed, UnpushedPath } from '../actions/unpushed.js';
import { countText } from '../base/count-text.js';
import { textTable } from './table.js';
import { bytesText } from './units.js';

/** What a remote lacks, for people. */
export function unpushedText({ remote, paths, objects, bytes }: Unpushed): string {
  if (paths.length === 0 && objects === 0)
    return `${remote} has everything that pointers and pipeline.lock name.`;
  const rows = textTable(paths.map((each) => [`  ${each.path}`, amountText(each)]));
  const push =
    objects === 0
      ? ''
      : `'ocrpipe push --remote ${remote}' sends ${countText(objects, 'object')}, ${bytesText(bytes)}.`;
  return [`Not on ${remote}:`, rows, push].filter((part) => part !== '').join('\n');
}

function amountText({ objects, bytes, nowhere }: UnpushedPath): string {
  const lacks = objects === 0 ? [] : [`${countText(objects, 'object')}, ${bytesText(bytes)}`];
  return [...lacks, ...(nowhere ? ['some of it is neither here nor there'] : [])].join('; ');
}
