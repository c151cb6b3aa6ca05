import { OcrpipeError } from '../../base/errors.js';

/** A wanted file that is neither in the store nor on the remote. */
export interface MissingFile {
  /** The tracked path that needs it. */
  path: string;
  /** Its name (raw bytes as latin1), if it lies in a tracked folder; absent for a tracked file, and where the listing of a folder is missing. */
  file?: string;
}

/** So many files of one folder are named. */
const NAMED = 3;

/** `object-missing`: some of what is wanted is nowhere. All the rest was brought before this is thrown. */
export class MissingOnRemote extends OcrpipeError {
  readonly where: string;
  readonly files: readonly MissingFile[];

  constructor(where: string, files: readonly MissingFile[]) {
    super('object-missing', `the bytes of ${byPath(files).join(', ')} are neither here nor on ${where}`, {
      hint: "Everything else was brought. Whoever added them has to run 'ocrpipe push' where they are; or name another remote with --remote.",
    });
    this.where = where;
    this.files = files;
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
