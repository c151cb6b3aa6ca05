import type { ChosenStore } from '../actions/choose-store.js';
import type { Started } from '../actions/init.js';
import { toCommitLines } from './to-commit-text.js';
import { countText } from '../base/count-text.js';
import { bytesText } from './units.js';

/** What `init` says. */
export function initText(started: Started): string {
  return [startText(started), ...storeLines(started.store)].join('\n');
}

function startText({ root, created, restored, toCommit }: Started): string {
  if (restored.length > 0) {
    return [
      `${root} was a workspace before: took ${restored.join(' and ')} from git.`,
      ...toCommitLines(toCommit),
      "Next: 'ocrpipe status' says what is here, 'ocrpipe pull' gets what is not.",
    ].join('\n');
  }
  if (!created) {
    return [
      `${root} is a workspace already; nothing that was there is changed.`,
      ...toCommitLines(toCommit),
    ].join('\n');
  }
  return [
    `New workspace in ${root}.`,
    ...toCommitLines(toCommit),
    "Next: 'ocrpipe add PATH' tracks images and weights, pipeline.yaml holds the stages.",
  ].join('\n');
}

function storeLines(store: ChosenStore | undefined): string[] {
  if (store === undefined) return [];
  const { folder, begun, moved } = store;
  const kept = `Objects are kept in ${folder}${begun ? ', a new store' : ''}.`;
  return moved === undefined
    ? [kept]
    : [kept, `Moved there: ${countText(moved.objects, 'object')}, ${bytesText(moved.bytes)}.`];
}
