import type { AddToRemoteResult } from '../actions/add-to-remote.js';
import type { AddedPath, AddResult } from '../actions/add.js';
import { countText } from '../base/count-text.js';
import { toCommitLines } from './to-commit-text.js';
import { transferText } from './transfer.js';
import { bytesText } from './units.js';
import { visibleInLine } from './visible.js';

/** What was added, for people. */
export function addText(result: AddResult | AddToRemoteResult): string {
  const { added, followed, toCommit } = result;
  const copied = followed.map(({ path, from }) =>
    visibleInLine(`${path}  is a copy of ${from} now, no link`),
  );
  const sent = 'remote' in result ? [transferText(result, 'sent to')] : [];
  return [...copied, ...added.map(lineOf), ...sent, ...toCommitLines(toCommit)].join('\n');
}

function lineOf({ path, size, files, old, changed }: AddedPath): string {
  const what = files === undefined ? bytesText(size) : `${countText(files, 'file')}, ${bytesText(size)}`;
  const how = !changed ? 'unchanged' : old === undefined ? 'added' : 'updated';
  return `${path}  ${how}  (${what})`;
}
