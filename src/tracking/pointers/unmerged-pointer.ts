import { textOfBytes } from '../../base/byte-text.js';
import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { EntryConflict } from '../../store/merge-trees.js';
import type { TreeEntry } from '../../store/tree-format.js';
import type { PointerConflict } from './merge-pointers.js';
import { pointerText } from './plain-pointer.js';

/** More files than these are not listed in a pointer: `ocrpipe resolve` lists them all. */
const MOST_LISTED = 20;
const VERSION_LINE = /^version: .*\n/;

/** A pointer with the markers of a merge: what is to be chosen, and how, as comments that go when it is resolved. */
export function unmergedPointerText(
  path: RepoPath,
  { reason, ours, theirs, entries }: PointerConflict,
  labels: { ours: string; theirs: string },
): string {
  const quoted = shellQuote(path);
  const listed = entries.slice(0, MOST_LISTED).map((entry) => `#   ${entryText(entry)}`);
  const more = entries.length > MOST_LISTED ? [`#   and ${entries.length - MOST_LISTED} more`] : [];
  const choose = `'ocrpipe resolve ${quoted} --ours', or '--theirs'${reason === 'entries' ? ", '--union'" : ''}`;
  const lines = [
    `# ${path} is in conflict: ${REASONS[reason]}`,
    ...[...listed, ...more],
    `# ${reason === 'absent' ? `To merge it: 'ocrpipe resolve ${quoted}'. ` : ''}To choose: ${choose}.`,
  ];
  const [left, right] = [ours, theirs].map((side) => pointerText(side).replace(VERSION_LINE, ''));
  const [version] = VERSION_LINE.exec(pointerText(ours))!;
  return `${lines.join('\n')}\n${version}<<<<<<< ${labels.ours}\n${left}=======\n${right}>>>>>>> ${labels.theirs}\n`;
}

const REASONS: Readonly<Record<PointerConflict['reason'], string>> = {
  entries: 'all is merged but these files, which both sides changed:',
  bytes: 'both sides changed it.',
  sources: 'both sides imported it anew.',
  output: 'a stage made it on both sides. Choose its stage to have all that one run made.',
  absent: 'the listings of its files are not here, so that they could not be merged.',
};

/** `labels/a.txt: changed by ours, deleted by theirs`. */
export function entryText({ path, base, ours, theirs }: EntryConflict): string {
  const name = textOfBytes(path).replaceAll(/\p{Cc}/gu, '?');
  const isFolder = (entry: TreeEntry | undefined): boolean => entry?.kind === 'directory';
  if (ours && theirs && isFolder(ours) !== isFolder(theirs)) {
    const [left, right] = [ours, theirs].map((each) => (isFolder(each) ? 'a folder' : 'a file'));
    return `${name}: ${left} in ours, ${right} in theirs`;
  }
  if (!ours || !theirs) {
    const change = base ? 'changed' : 'there';
    return ours
      ? `${name}: ${change} in ours, deleted in theirs`
      : `${name}: deleted in ours, ${change} in theirs`;
  }
  return base ? `${name}: changed in both` : `${name}: different in both`;
}
