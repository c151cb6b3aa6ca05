import type { Damaged, FsckResult, Missing } from '../actions/fsck.js';
import { bytesText, countText } from './units.js';

/** Objects, and paths of one object, that are shown; `--json` has them all. */
const SHOWN = 20;
const SHOWN_PATHS = 3;

/** What a check found, for people: what is wrong first, each with what needs it, then what to do. */
export function fsckText(result: FsckResult): string {
  const { damaged, missing, notRestorable, problems } = result;
  return [
    section('Damaged', damaged.map(damagedLine)),
    section('Missing', missing.map(missingLine)),
    section('Not restorable, to be run again', notRestorable.map(missingLine)),
    section(
      'Cannot be read',
      problems.map(({ message }) => message),
    ),
    notes(result).join('\n'),
    [summary(result), advice(result)].filter((line) => line !== '').join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const more = lines.length > SHOWN ? [`and ${lines.length - SHOWN} more ('--json' has them all)`] : [];
  return [`${title}:`, ...[...lines.slice(0, SHOWN), ...more].map((line) => `  ${line}`)].join('\n');
}

function damagedLine({ object, where, reason, paths }: Damaged): string {
  const what = object.kind === 'format' ? 'format' : `${object.kind} ${object.id.slice(0, 10)}`;
  return `${what}${neededBy(paths)}: ${reason}\n    in ${where}`;
}

function missingLine({ object, paths }: Missing): string {
  return `${object.kind} ${object.id.slice(0, 10)}${neededBy(paths)}`;
}

function neededBy(paths: readonly string[]): string {
  if (paths.length === 0) return '';
  const more = paths.length > SHOWN_PATHS ? ` and ${paths.length - SHOWN_PATHS} more` : '';
  return ` of ${paths.slice(0, SHOWN_PATHS).join(', ')}${more}`;
}

function notes({ elsewhere, unchecked, leftovers }: FsckResult): string[] {
  const lines: string[] = [];
  if (elsewhere.objects > 0) {
    const what = `${countText(elsewhere.objects, 'object')}${elsewhere.bytes > 0 ? ` (${bytesText(elsewhere.bytes)})` : ''}`;
    lines.push(`Not here, but on ${elsewhere.remotes.join(', ')} when last looked at: ${what}.`);
  }
  if (unchecked.files > 0) {
    const never = unchecked.never > 0 ? `, ${unchecked.never} of them never checked yet` : '';
    const what = `${countText(unchecked.files, 'file')}, ${bytesText(unchecked.bytes)}${never}`;
    lines.push(`The time did not last for ${what}; the next run begins with them.`);
  }
  const { quarantine, tmp, unknown } = leftovers;
  if (quarantine.length > 0) lines.push(`In quarantine: ${amount(quarantine)}, kept for you to look at.`);
  if (tmp.length > 0) lines.push(`Unfinished, of running or ended commands: ${amount(tmp)} in tmp/.`);
  if (unknown.length > 0) {
    lines.push(`Not of the store: ${amount(unknown)}, such as ${unknown[0]!.file}.`);
  }
  return lines;
}

function amount(files: readonly { size: number }[]): string {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return `${countText(files.length, 'file')} (${bytesText(bytes)})`;
}

function summary({ checked, bytes, damaged, missing }: FsckResult): string {
  const done = `Checked ${countText(checked, 'object')}, ${bytesText(bytes)}`;
  if (damaged.length + missing.length === 0) return `${done}: all sound.`;
  return `${done}: ${damaged.length} damaged, ${missing.length} missing.`;
}

function advice({ damaged, missing }: FsckResult): string {
  if (damaged.length + missing.length === 0) return '';
  return "'ocrpipe pull' gets missing objects from a remote; 'ocrpipe add PATH' stores files anew that are still there.";
}
