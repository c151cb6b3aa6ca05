import { OcrpipeError } from '../../base/errors.js';
import { SEND_AGAIN } from '../backends/remote-errors.js';

/** A wanted file that is neither in the store nor on the remote. */
export interface MissingFile {
  /** The tracked path that needs it. */
  path: string;
  /** Its name (raw bytes as latin1), if it lies in a tracked folder; absent for a tracked file, and where the listing of a folder is missing. */
  file?: string;
}

/** So many files of one folder are named. */
const NAMED = 3;

/** What is missing where. */
interface Missing {
  /** The remote. */
  where: string;
  files: readonly MissingFile[];
  /** True if something that was pushed is no longer there. */
  lost: boolean;
}

/** `object-missing`: some of what is wanted is nowhere. All the rest was brought before this is thrown. */
export class MissingOnRemote extends OcrpipeError {
  readonly missing: Missing;

  constructor(missing: Missing) {
    const { where, files, lost } = missing;
    const again = lost ? SEND_AGAIN : "Whoever added them has to run 'ocrpipe push' where they are.";
    super('object-missing', `the bytes of ${byPath(files).join(', ')} are neither here nor on ${where}`, {
      hint: `Everything else was brought. ${again} Or name another remote with --remote.`,
    });
    this.missing = missing;
  }
}

/** Each path once, with the first of its files. */
function byPath(files: readonly MissingFile[]): string[] {
  const names = new Map<string, Set<string>>();
  for (const { path, file } of files) {
    const known = names.get(path) ?? new Set();
    names.set(path, file === undefined ? known : known.add(textOf(file)));
  }
  return [...names].map(([path, own]) => (own.size === 0 ? path : `${path} (${someOf([...own])})`));
}

/** Raw bytes, kept as latin1, for people. */
export function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function someOf(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}
