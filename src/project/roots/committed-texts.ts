import type { Git, GitFile } from '../../git/git.js';
import { isNamingFile, type NamingText, type Where } from './naming-files.js';

/** A file that git has, and where. */
export interface PlacedFile extends GitFile {
  readonly where: Where;
}

/** A version of a pointer or lock that git has. */
export interface CommittedText extends NamingText {
  /** Git's name for the text. */
  readonly object: string;
}

/** The pointers and locks among files that git has: each version once, for the first place, however many hold it. */
export async function committedTexts(git: Git, files: readonly PlacedFile[]): Promise<CommittedText[]> {
  const versions = new Map<string, PlacedFile>();
  for (const file of files) {
    const name = versionName(file);
    if (isNamingFile(file.path) && !versions.has(name)) versions.set(name, file);
  }
  const wanted = [...versions.values()];
  const texts = await git.read(wanted);
  return wanted.map((file, index) => ({ ...file, text: texts[index]!.toString('utf8') }));
}

/** Tells versions apart: a text under a path. */
export function versionName({ object, path }: GitFile): string {
  return `${object} ${path}`;
}

export function placed(files: readonly GitFile[], where: Where): PlacedFile[] {
  return files.map(({ path, object }) => ({ path, object, where }));
}
