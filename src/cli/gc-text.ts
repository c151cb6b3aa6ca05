import type { GcResult } from '../actions/gc.js';
import { countText } from '../base/count-text.js';
import { visibleInLine } from './visible.js';
import { bytesText } from './units.js';

interface Counted {
  objects: number;
  bytes: number;
}

/** Names of files that a dry run shows of each kind. */
const SHOWN_FILES = 20;

/** What a collection of garbage did, or would do: before it does it, the files are named as well. */
export function gcText(result: GcResult): string {
  const { dryRun, condemned, deleted, waiting, rescued, joined, graceHours, files } = result;
  const { unpushed, scattered, needed, skippedBroken } = result;
  const done = (past: string, would: string): string => (dryRun ? `would ${would}` : past);
  const lines = [
    ...(condemned.files > 0 && graceHours > 0
      ? [
          `${done('moved', 'move')} to the trash: ${sizeText(condemned)}${backText(result)}${named(result, files.condemned)}`,
        ]
      : []),
    ...(deleted.files > 0
      ? [`${done('deleted', 'delete')}: ${sizeText(deleted)}${named(result, files.deleted)}`]
      : []),
    ...(rescued > 0
      ? [`${done('brought', 'bring')} back from the trash: ${countText(rescued, 'file')}`]
      : []),
    ...(joined.packs > 0 ? [joinedText(result)] : []),
  ];
  const kept = [
    ...(waiting.files > 0 ? [`in the trash, to be deleted later: ${sizeText(waiting)}`] : []),
    ...(unpushed.objects > 0
      ? [`kept, because no remote has it: ${sizeText(unpushed)} (--unpushed lets it go)`]
      : []),
    ...(scattered.objects > 0 ? [`left in packs with what is needed: ${sizeText(scattered)}`] : []),
    ...skippedBroken.map((file) => `passed over, because it cannot be read: ${visibleInLine(file)}`),
    `needed: ${sizeText(needed)}`,
  ];
  return [...(lines.length > 0 ? lines : ['Nothing to collect.']), ...kept].map(capitalized).join('\n');
}

/** The files of the store, a line each. */
function named({ dryRun }: GcResult, files: readonly string[]): string {
  if (!dryRun) return '';
  const rest = files.length - SHOWN_FILES;
  const more = rest > 0 ? [`and ${rest} more ('--json' has them all)`] : [];
  return [...files.slice(0, SHOWN_FILES), ...more].map((file) => `\n  ${file}`).join('');
}

function joinedText({ dryRun, joined: { packs, into } }: GcResult): string {
  if (dryRun || into === undefined) return `would write anew: ${countText(packs, 'pack')}`;
  return `wrote anew: ${countText(packs, 'pack')}, now ${into}`;
}

function backText({ graceHours }: GcResult): string {
  const time = graceHours % 24 === 0 ? countText(graceHours / 24, 'day') : countText(graceHours, 'hour');
  return ` (it can be had back for ${time})`;
}

function sizeText({ objects, bytes }: Counted): string {
  return `${countText(objects, 'object')}, ${bytesText(bytes)}`;
}

function capitalized(line: string): string {
  return line.slice(0, 1).toUpperCase() + line.slice(1);
}
