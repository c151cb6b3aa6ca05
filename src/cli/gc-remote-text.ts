import type { RemoteGcResult } from '../actions/gc-remote.js';
import { countText } from '../base/count-text.js';
import { bytesText } from './units.js';
import { visibleInLine } from './visible.js';

/** Names of files that a dry run shows of each kind. */
const SHOWN_FILES = 20;

/** What a collection of garbage did on a remote, or would do. */
export function remoteGcText(result: RemoteGcResult): string {
  const { dryRun, condemned, deleted, waiting, rescued, joined, needed, files, lost } = result;
  const did = (past: string, would: string): string => (dryRun ? `Would ${would}` : past);
  const lines = [
    ...(condemned.files > 0
      ? [
          `${did('Condemned', 'condemn')}: ${sizeText(condemned)}${graceText(result)}${named(result, files.condemned)}`,
        ]
      : []),
    ...(deleted.files > 0
      ? [`${did('Deleted', 'delete')}: ${sizeText(deleted)}${named(result, files.deleted)}`]
      : []),
    ...(rescued > 0
      ? [`${did('Took', 'take')} back, because it is needed: ${countText(rescued, 'file')}`]
      : []),
    ...(joined.packs > 0 ? [joinedText(result)] : []),
  ];
  const kept = [
    ...(waiting.files > 0 ? [`Condemned before, to be deleted later: ${sizeText(waiting)}`] : []),
    ...(lost > 0
      ? [`Missing: ${countText(lost, 'object')} ('ocrpipe push --verify' where they are sends them again)`]
      : []),
    ...result.skippedBroken.map((file) => `Passed over, because it cannot be read: ${visibleInLine(file)}`),
    `Needed: ${countText(needed.objects, 'object')}, ${bytesText(needed.bytes)}`,
  ];
  return [...(lines.length > 0 ? lines : [`Nothing to collect on ${result.remote}.`]), ...kept].join('\n');
}

/** The files of the remote, a line each. */
function named({ dryRun }: RemoteGcResult, files: readonly string[]): string {
  if (!dryRun) return '';
  const rest = files.length - SHOWN_FILES;
  const more = rest > 0 ? [`and ${rest} more ('--json' has them all)`] : [];
  return [...files.slice(0, SHOWN_FILES), ...more].map((file) => `\n  ${file}`).join('');
}

function graceText({ graceHours }: RemoteGcResult): string {
  const time = graceHours % 24 === 0 ? countText(graceHours / 24, 'day') : countText(graceHours, 'hour');
  return ` (a gc after ${time} deletes it)`;
}

function joinedText({ dryRun, joined: { packs, into } }: RemoteGcResult): string {
  if (dryRun || into === undefined) return `Would write anew: ${countText(packs, 'pack')}`;
  return `Wrote anew: ${countText(packs, 'pack')}, now ${into}`;
}

function sizeText({ objects, bytes }: { objects: number; bytes: number }): string {
  return `${countText(objects, 'object')}, ${bytesText(bytes)}`;
}
