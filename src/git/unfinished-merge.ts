import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RepoPath } from '../base/paths.js';
import type { CommitId, GitFile } from './git.js';
import { runGit, type GitPlace } from './run-git.js';

/** One side of a merge, as `--ours` and `--theirs` name it. */
export interface MergeSide {
  commit?: CommitId;
  /** For people: 'your branch main (1a2b3c4 Add plates)'. */
  words: string;
}

/** What git was told to do and has not finished. In a rebase `ours` is what one rebases onto, and `theirs` one's own commit. */
export interface UnfinishedMerge {
  kind: 'merge' | 'rebase' | 'cherry-pick' | 'revert' | 'other';
  ours: MergeSide;
  theirs: MergeSide;
}

/** A file that a merge has not settled, as each side has it; a side that deleted it is absent. */
export interface UnmergedFile {
  path: RepoPath;
  base?: GitFile;
  ours?: GitFile;
  theirs?: GitFile;
}

const STAGES = { 1: 'base', 2: 'ours', 3: 'theirs' } as const;

/** The files below `root` that git's index has as unmerged, sorted by path. */
export async function unmergedFiles(place: GitPlace): Promise<UnmergedFile[]> {
  const text = await runGit(place, ['ls-files', '--unmerged', '-z']);
  const files = new Map<string, UnmergedFile>();
  for (const line of text.split('\0')) {
    const match = /^100\d{3} ([0-9a-f]+) ([123])\t(.*)$/s.exec(line);
    if (!match) continue;
    const [, object, stage, name] = match as unknown as [string, string, '1' | '2' | '3', RepoPath];
    const file = files.get(name) ?? { path: name };
    files.set(name, { ...file, [STAGES[stage]]: { object, path: name } });
  }
  return [...files.values()];
}

/** What is going on here, in words of commits; undefined where git waits for nothing. */
async function unfinishedMerge(place: GitPlace): Promise<UnfinishedMerge | undefined> {
  const folder = (await runGit(place, ['rev-parse', '--absolute-git-dir'])).trim();
  const read = (name: string) => readIfThere(join(folder, name));
  const [rebased, picked, reverted, merged] = [
    read('REBASE_HEAD'),
    ...['CHERRY_PICK_HEAD', 'REVERT_HEAD', 'MERGE_HEAD'].map(read),
  ];
  const here = { words: `${await branchWords(place)} (${await commitWords(place, 'HEAD')})` };
  const head = (
    await runGit(place, ['rev-parse', '--verify', '--quiet', 'HEAD'], { noIsAnswer: true })
  ).trim();
  const ours: MergeSide = { ...here, ...(head !== '' && { commit: head as CommitId }) };
  const isRebase = ['rebase-merge', 'rebase-apply'].some((name) => existsSync(join(folder, name)));
  if (isRebase && rebased !== undefined) {
    const words = {
      ours: `what you rebase onto (${await commitWords(place, 'HEAD')})`,
      theirs: 'your own commit',
    };
    return {
      kind: 'rebase',
      ours: { ...ours, words: words.ours },
      theirs: await side(place, rebased, words.theirs),
    };
  }
  if (picked !== undefined)
    return { kind: 'cherry-pick', ours, theirs: await side(place, picked, 'the commit that is picked') };
  if (reverted !== undefined) {
    return {
      kind: 'revert',
      ours,
      theirs: await side(place, `${reverted}~1`, 'what was before the reverted commit'),
    };
  }
  if (merged !== undefined) {
    const branch = /branch '([^']+)'/.exec(read('MERGE_MSG') ?? '')?.[1];
    const words = branch === undefined ? 'what is merged into it' : `the branch ${branch}`;
    return { kind: 'merge', ours, theirs: await side(place, merged.split('\n')[0]!, words) };
  }
  return undefined;
}

/** The same for unmerged files of which git does not remember what they are from, as after `git stash pop`. */
export async function mergeSides(place: GitPlace): Promise<UnfinishedMerge> {
  const known = await unfinishedMerge(place);
  const here = `${await branchWords(place)} (${await commitWords(place, 'HEAD')})`;
  return (
    known ?? {
      kind: 'other',
      ours: { words: here },
      theirs: { words: 'what was applied to it, as from a stash' },
    }
  );
}

async function side(place: GitPlace, revision: string, words: string): Promise<MergeSide> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  const commit = (await runGit(place, args, { noIsAnswer: true })).trim();
  return {
    words: `${words} (${await commitWords(place, revision)})`,
    ...(commit !== '' && { commit: commit as CommitId }),
  };
}

async function branchWords(place: GitPlace): Promise<string> {
  const args = ['symbolic-ref', '--quiet', '--short', 'HEAD'];
  const branch = (await runGit(place, args, { noIsAnswer: true })).trim();
  return branch === '' ? 'the commit that you are on' : `your branch ${branch}`;
}

async function commitWords(place: GitPlace, revision: string): Promise<string> {
  const args = ['log', '-1', '--format=%h %s', '--end-of-options', revision];
  try {
    return (await runGit(place, args)).trim();
  } catch {
    return 'no commit yet';
  }
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}
