import type { RemoteGcResult } from '../actions/gc-remote.js';
import { countText } from '../base/count-text.js';
import { bytesText } from './units.js';
import { visibleInLine } from './visible.js';

/** Names of files that a dry run shows of each kind. */
const SHOWN_FILES = 20;

/** What a collection of garbage did on a remote, or would do. */
export function remoteGcText(result: RemoteGcResult): string {
  const { dryRun, condemned, deleted, waiting, waitsUntil, rescued, joined, needed, files, lost } = result;
  const { damaged, unfinished } = result;
  const did = (past: string, would: string): string => (dryRun ? `Would ${would}` : past);
  const lines = [
    ...(condemned.files > 0
      ? [
          `${did('Condemned', 'condemn')}: ${sizeText(condemned)} (can be pulled until a gc after ${dayText(result.deleteAfter)} deletes it)${named(result, files.condemned)}`,
        ]
      : []),
    ...(deleted.files > 0
      ? [`${did('Deleted', 'delete')}: ${sizeText(deleted)}${named(result, files.deleted)}`]
      : []),
    ...(rescued > 0
      ? [`${did('Took', 'take')} back, because it is needed: ${countText(rescued, 'file')}`]
      : []),
    ...(joined.packs > 0 ? [joinedText(result)] : []),
    ...(unfinished.discarded.writes > 0
      ? [
          `${did('Cleared', 'clear')} away, because nobody went on with it: ${writesText(unfinished.discarded)}`,
        ]
      : []),
  ];
  const kept = [
    ...(waiting.files > 0
      ? [
          `Condemned before: ${sizeText(waiting)} (a gc after ${dayText(waitsUntil)} deletes it, or the first of it)`,
        ]
      : []),
    ...(lost > 0
      ? [`Missing: ${countText(lost, 'object')} ('ocrpipe push --verify' where they are sends them again)`]
      : []),
    ...(damaged.packs > 0
      ? [
          `Left as they are, because something needed in them is damaged: ${countText(damaged.packs, 'pack')} ('ocrpipe fsck --remote ${result.remote}' names it)`,
        ]
      : []),
    ...unfinishedTexts(unfinished),
    ...result.skippedBroken.map((file) => `Passed over, because it cannot be read: ${visibleInLine(file)}`),
    ...sparedTexts(result),
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

/** What writes left that nobody finished, and that stays. */
function unfinishedTexts({ known, refused, waiting, waitsUntil }: RemoteGcResult['unfinished']): string[] {
  if (!known) return [`Unfinished uploads are not known: ${UNLISTED}`];
  return [
    ...(refused.writes > 0
      ? [
          `Left, because this user may not clear it away (s3:AbortMultipartUpload, s3:DeleteObject): ${writesText(refused)}`,
        ]
      : []),
    ...(waiting.writes > 0
      ? [
          `Unfinished: ${writesText(waiting)} (cleared away by a gc after ${dayText(waitsUntil)}, or the first of it, unless a push goes on with it)`,
        ]
      : []),
  ];
}

const UNLISTED =
  'the server does not list them, or not to this user (s3:ListBucketMultipartUploads). A lifecycle rule of the bucket can end those that are old.';

function writesText({ writes, bytes }: { writes: number; bytes: number }): string {
  return `${countText(writes, 'interrupted write')}, ${bytesText(bytes)}`;
}

/** Why nothing may seem to go after a branch was dropped. */
function sparedTexts({ spared: { recent, recentUntil, others, projects } }: RemoteGcResult): string[] {
  const later = `may go after ${dayText(recentUntil)}`;
  const which = recent === 1 ? later : `the first of them ${later}`;
  return [
    ...(recent > 0
      ? [`Kept, because it was pushed in the last 30 days: ${countText(recent, 'root')} (${which})`]
      : []),
    ...(others > 0 ? [`Kept for ${countText(projects, 'other project')}: ${countText(others, 'root')}`] : []),
  ];
}

/** A moment, to the minute. */
function dayText(time = ''): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC`;
}

function joinedText({ dryRun, joined: { packs, into } }: RemoteGcResult): string {
  if (dryRun || into === undefined) return `Would write anew: ${countText(packs, 'pack')}`;
  return `Wrote anew: ${countText(packs, 'pack')}, now ${into}`;
}

/** Files that hold nothing but what stands elsewhere, too, are what was left when packs were written anew. */
function sizeText({ objects, bytes }: { objects: number; bytes: number }): string {
  if (objects === 0) return `${bytesText(bytes)} of packs that were written anew`;
  return `${countText(objects, 'object')}, ${bytesText(bytes)}`;
}
