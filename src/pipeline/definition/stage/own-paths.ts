import type { RepoPath } from '../../../base/paths.js';
import { isWithin } from '../../../base/paths.js';
import { LOCK_FILE, PARAMS_FILE, PIPELINE_FILE } from './file-names.js';

/** Folders that belong to git and ocrpipe, wherever they stand and however they are spelled. */
const OWN_FOLDERS: readonly string[] = ['.git', '.ocrstore'];
/** Files that steer ocrpipe and git, in any folder. */
const STEERING_FILES: readonly string[] = ['.gitignore', '.gitattributes', '.gitmodules', '.ocrignore'];
const POINTER_SUFFIX = '.ocr';
/** Holds of every path that one of these lists, or the suffix, is about: the others, nearly all, are told from them at once. */
const MAY_BE_OWN = /(?:^|\/)\.(?:git|ocr)|\.ocr$|^(?:pipeline|params)\./i;

/** Why no stage may make this path: a run removes its outputs first. Undefined if one may. Pure. */
export function outputProblem(path: RepoPath): string | undefined {
  if (path === '.') return 'it is the workspace itself';
  if (!MAY_BE_OWN.test(path)) return undefined;
  const parts = path.toLowerCase().split('/');
  const owner = parts.find((part) => OWN_FOLDERS.includes(part));
  if (owner !== undefined) return `it is in ${owner}, which belongs to ${owner.slice(1)}`;
  const steering = steeringProblem(path);
  if (steering !== undefined) return steering;
  return path.toLowerCase().endsWith(POINTER_SUFFIX)
    ? `names that end in ${POINTER_SUFFIX} belong to pointers`
    : undefined;
}

/** Why git alone must hold this path: ocrpipe reads it, in every clone, before it has any data. Undefined if it need not. Pure. */
export function steeringProblem(path: RepoPath): string | undefined {
  const name = path.toLowerCase().split('/').at(-1)!;
  const written: readonly string[] = [PIPELINE_FILE, PARAMS_FILE, LOCK_FILE];
  const steers = written.includes(path.toLowerCase()) || STEERING_FILES.includes(name);
  return steers ? `${name} steers ${name.startsWith('.git') ? 'git' : 'ocrpipe'}` : undefined;
}

/** Why no stage may read this path: ocrpipe writes there while stages run. Undefined if one may. Pure. */
export function dependencyProblem(path: RepoPath): string | undefined {
  if (path !== '.' && !MAY_BE_OWN.test(path)) return undefined;
  const written = [...OWN_FOLDERS, LOCK_FILE].filter(
    (own) => isWithin(own as RepoPath, path) || (own !== '.git' && isWithin(path, own as RepoPath)),
  );
  if (written.length === 0) return undefined;
  return `it ${path === '.' ? 'holds' : 'is in'} ${written.join(', ')}, which ${written.length === 1 ? 'changes' : 'change'} with every run`;
}
