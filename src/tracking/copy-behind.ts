import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { copyChangingFile } from '../base/copy-file.js';
import { systemErrorCode, userError, type OcrpipeError } from '../base/errors.js';
import { writePoint } from '../base/write-points.js';
import { textOfBytes } from '../base/byte-text.js';
import { fsPath, joinBytes, type BytePath } from './byte-path.js';
import { isAlwaysIgnored } from './ignore/ignore-rules.js';
import { linkProblem } from './scan/links.js';
import { namesIn, notTrackable, statAt, targetOf } from './scan/look.js';
import { readError } from './scan/stable-read.js';

/** Links behind links that are followed. */
const MAX_CHAIN = 16;

/** What is being copied; all paths are absolute and real. */
interface Copying {
  from: BytePath;
  to: BytePath;
  /** The folder that is copied as a whole: links may stay in it. */
  top: BytePath;
  /** Folders that are being written into or copied from: none of them may come again. */
  chain: readonly BytePath[];
}

/** Copies what links lead to, with links that leave it followed in turn. */
export class CopyBehind {
  readonly #breathe: (files: number) => void;
  #files = 0;

  /** `breathe` is called with how many files were copied, between files; what it throws ends the copying. */
  constructor(breathe: (files: number) => void) {
    this.#breathe = breathe;
  }

  /**
   * Copies the file or folder that `link` leads to, to a name `to` that is free; `writesInto` is the folder of the link. Returns
   * where that really is. Throws `link-outside` for a link to nothing, to itself or to a folder around it.
   */
  async of(link: BytePath, to: BytePath, writesInto: BytePath): Promise<BytePath> {
    const from = realOf(link);
    await this.#copy({ from, to, top: from, chain: [realOf(writesInto)] }, link);
    return from;
  }

  async #copy(copying: Copying, shown: BytePath): Promise<void> {
    const { from, to, top } = copying;
    if (from === top && from.split('/').some(isAlwaysIgnored))
      throw leadsNowhere(shown, 'to what belongs to git or ocrpipe');
    const stat = statAt(fsPath(from));
    if (stat === undefined) throw leadsNowhere(shown, 'to nothing');
    if (stat.isDirectory()) await this.#copyFolder(copying, shown);
    else if (stat.isFile()) await this.#copyFile(from, to);
    else throw notTrackable(from, stat);
  }

  async #copyFolder({ from, to, top, chain }: Copying, shown: BytePath): Promise<void> {
    if (from === top && (chain.length > MAX_CHAIN || chain.some((each) => `${each}/`.startsWith(`${from}/`))))
      throw leadsNowhere(shown, 'to a folder around itself');
    writePoint();
    mkdirSync(fsPath(to));
    const below = from === top ? [...chain, from] : chain;
    for (const name of namesIn(from).filter((each) => !isAlwaysIgnored(each))) {
      const next = { from: joinBytes(from, name), to: joinBytes(to, name), top, chain: below };
      const target = statAt(fsPath(next.from))?.isSymbolicLink() ? targetOf(next.from) : undefined;
      if (target === undefined) await this.#copy(next, next.from);
      else if (linkProblem(next.from.slice(top.length + 1), target) === undefined) {
        symlinkSync(Buffer.from(target, 'latin1'), fsPath(next.to));
      } else {
        const real = realOf(next.from);
        await this.#copy({ ...next, from: real, top: real }, next.from);
      }
    }
  }

  async #copyFile(from: BytePath, to: BytePath): Promise<void> {
    writePoint();
    try {
      await copyChangingFile(fsPath(from), fsPath(to));
    } catch (error) {
      throw readError(from, error);
    }
    this.#files += 1;
    this.#breathe(this.#files);
  }
}

function realOf(path: BytePath): BytePath {
  try {
    return realpathSync.native(fsPath(path), 'latin1') as BytePath;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw leadsNowhere(path, 'to nothing');
    if (code === 'ELOOP') throw leadsNowhere(path, 'to itself');
    throw readError(path, error);
  }
}

function leadsNowhere(link: BytePath, where: string): OcrpipeError {
  return userError('link-outside', `${textOfBytes(link)} is a symbolic link that leads ${where}`, {
    hint: 'Remove or correct it, or leave it out in .ocrignore.',
  });
}
