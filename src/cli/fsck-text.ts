import type { RemoteFsckResult } from '../actions/fsck-remote.js';
import type { Damaged, Healed, Missing } from '../actions/fsck-report.js';
import type { FsckResult } from '../actions/fsck.js';
import { countText } from '../base/count-text.js';
import type { Unchecked } from '../store/fsck/check-store.js';
import { bytesText } from './units.js';
import { visibleInLine } from './visible.js';

/** Objects, and paths of one object, that are shown; `--json` has them all. */
const SHOWN = 20;
const SHOWN_PATHS = 3;

/** What a check found, for people: what is wrong first, each with what needs it, then what to do. */
export function fsckText(result: FsckResult, repaired: boolean): string {
  const { damaged, missing, notRestorable, problems } = result;
  return [
    section('Damaged', damaged.map(damagedLine)),
    section('Missing', missing.map(missingLine)),
    section('Not restorable, to be run again', notRestorable.map(missingLine)),
    section(
      'Cannot be relied on',
      problems.map(({ message, hint }) => (hint === undefined ? message : `${message}\n    ${hint}`)),
    ),
    notes(result).join('\n'),
    [summary(result), advice(result, repaired)].filter((line) => line !== '').join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** The same of a remote. */
export function remoteFsckText(result: RemoteFsckResult, repaired: boolean): string {
  const { damaged, missing, unnamed, unchecked, remote } = result;
  const left = [...damaged, ...missing].some(({ healed }) => healed === undefined);
  const others = `${countText(unnamed.files, 'file')} (${bytesText(unnamed.bytes)})`;
  const notes = [
    ...uncheckedLines(unchecked),
    ...(unnamed.files === 0
      ? []
      : [
          `In no catalog that can be read: ${others}, as pushes leave that did not end, or named by a damaged one.`,
        ]),
  ].join('\n');
  return [
    section('Damaged', damaged.map(damagedLine)),
    section('Missing', missing.map(missingLine)),
    notes,
    [summary(result), left ? remoteAdvice(remote, repaired) : ''].filter((line) => line !== '').join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function remoteAdvice(remote: string, repaired: boolean): string {
  return repaired
    ? `This machine has not all of the rest: run 'ocrpipe fsck --remote ${remote} --repair', or 'ocrpipe push --verify', where the data is.`
    : `'ocrpipe fsck --remote ${remote} --repair' puts what this machine has in its place.`;
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const more = lines.length > SHOWN ? [`and ${lines.length - SHOWN} more ('--json' has them all)`] : [];
  return [`${title}:`, ...[...lines.slice(0, SHOWN), ...more].map((line) => `  ${line}`)].join('\n');
}

function nameOf({ kind, id }: Missing['object']): string {
  return kind === 'format' ? 'format' : `${kind} ${id.slice(0, 10)}`;
}

function damagedLine({ object, where, reason, paths, healed }: Damaged): string {
  return `${nameOf(object)}${neededBy(paths)}: ${reason}${healedText(healed)}\n    in ${where}`;
}

function missingLine({ object, paths, healed }: Missing): string {
  return `${nameOf(object)}${neededBy(paths)}${healedText(healed)}`;
}

const HEALED: Readonly<Record<Healed, string>> = {
  store: 'healed from the store',
  workspace: 'healed from the workspace',
  remote: 'healed from a remote',
  dropped: 'dropped: its stage is run again where it would have been restored',
};

function healedText(healed: Healed | undefined): string {
  return healed === undefined ? '' : `; ${HEALED[healed]}`;
}

function neededBy(paths: readonly string[]): string {
  if (paths.length === 0) return '';
  const more = paths.length > SHOWN_PATHS ? ` and ${paths.length - SHOWN_PATHS} more` : '';
  return ` of ${paths.slice(0, SHOWN_PATHS).map(visibleInLine).join(', ')}${more}`;
}

function notes({ elsewhere, unchecked, leftovers }: FsckResult): string[] {
  const lines: string[] = [];
  if (elsewhere.objects > 0) {
    const what = `${countText(elsewhere.objects, 'object')}${elsewhere.bytes > 0 ? ` (${bytesText(elsewhere.bytes)})` : ''}`;
    lines.push(`Not here, but on ${elsewhere.remotes.join(', ')} when last looked at: ${what}.`);
  }
  lines.push(...uncheckedLines(unchecked));
  const { quarantine, tmp, unknown } = leftovers;
  if (quarantine.length > 0)
    lines.push(
      `In quarantine: ${amount(quarantine)}, damaged: kept for you to look at, and yours to delete.`,
    );
  if (tmp.length > 0) lines.push(`Unfinished, of running or ended commands: ${amount(tmp)} in tmp/.`);
  if (unknown.length > 0) {
    lines.push(`Not of the store: ${amount(unknown)}, such as ${unknown[0]!.file}.`);
  }
  return lines;
}

function uncheckedLines({ files, bytes, never }: Unchecked): string[] {
  if (files === 0) return [];
  const unseen = never > 0 ? `, ${never} of them never checked yet` : '';
  const what = `${countText(files, 'file')}, ${bytesText(bytes)}${unseen}`;
  return [`The time did not last for ${what}; the next run begins with them.`];
}

function amount(files: readonly { size: number }[]): string {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return `${countText(files.length, 'file')} (${bytesText(bytes)})`;
}

function summary({ checked, bytes, damaged, missing }: FsckResult | RemoteFsckResult): string {
  const done = `Checked ${countText(checked, 'object')}, ${bytesText(bytes)}`;
  const found = [...damaged, ...missing];
  if (found.length === 0) return `${done}: all sound.`;
  const healed = found.filter((each) => each.healed !== undefined).length;
  const mended = healed === 0 ? '' : healed === found.length ? ', all healed' : `, ${healed} of it healed`;
  return `${done}: ${damaged.length} damaged, ${missing.length} missing${mended}.`;
}

/** What is left to do. */
function advice({ damaged, missing }: FsckResult, repaired: boolean): string {
  const left = [...damaged, ...missing].filter(({ healed }) => healed === undefined);
  if (left.length === 0) return '';
  if (!repaired)
    return "'ocrpipe fsck --repair' heals what stands unchanged in the workspace or on a remote.";
  if (left.every(({ object }) => object.kind === 'pack')) {
    return (
      'All that is needed here is in the store, or on a remote. What else a damaged pack held cannot be told: ' +
      "it is kept in quarantine, and 'ocrpipe pull' brings what earlier commits should lack."
    );
  }
  return (
    'The rest is neither in the workspace nor on a remote that was asked; what was damaged is in quarantine. ' +
    "Bring the files back from elsewhere and run 'ocrpipe add PATH', or 'ocrpipe pull' when a remote has them; " +
    "'ocrpipe repro' makes the outputs of a stage again."
  );
}
