import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { fromRepoPath, type AbsPath, type RepoPath } from './paths.js';
import { shellQuote } from './shell-quote.js';

/** A file that stands in the place of one that is looked for, under a name that is only spelled otherwise. */
interface Misnamed {
  readonly path: string;
  readonly message: string;
  readonly hint: string;
}

/** `pipeline.yml` or `Pipeline.yaml` where `pipeline.yaml` is looked for and missing; undefined if there is no such file. */
export function misnamed(root: AbsPath, wanted: RepoPath): Misnamed | undefined {
  const folder = posix.dirname(wanted) as RepoPath;
  const other = namesIn(fromRepoPath(root, folder)).find(
    (name) => spelling(name) === spelling(posix.basename(wanted)),
  );
  if (other === undefined) return undefined;
  const path = posix.join(folder, other);
  return {
    path,
    message: `there is a ${path}, and ocrpipe reads ${wanted}`,
    hint: `Rename it: 'mv ${shellQuote(path)} ${shellQuote(wanted)}'.`,
  };
}

function spelling(name: string): string {
  return name.toLowerCase().replace(/\.yml$/, '.yaml');
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
