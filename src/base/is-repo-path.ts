import { repoPath } from './paths.js';

/** True for a path inside the workspace that is written in the one way in which it is recorded. */
export function isRepoPath(text: string): boolean {
  try {
    return repoPath(text) === text;
  } catch {
    return false;
  }
}
