import { spawnSync } from 'node:child_process';

/** Three versions of a file, each in a file of its own. */
export interface TextMerge {
  base: string;
  /** The result goes here. */
  ours: string;
  theirs: string;
  /** Of the markers. */
  labels: { ours: string; theirs: string };
}

/** Has git merge them line by line, as it does where it has no driver; false if markers were left. */
export function mergeAsText({ base, ours, theirs, labels }: TextMerge): boolean {
  const names = ['-L', labels.ours, '-L', 'base', '-L', labels.theirs];
  return spawnSync('git', ['merge-file', '--quiet', ...names, ours, base, theirs]).status === 0;
}
