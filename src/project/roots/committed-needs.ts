import type { CommitId, Git, GitFile } from '../../git/git.js';
import { joinNeeds, type Needs } from './needs.js';
import { isNamingFile, NAMING_FILES, needsOfText } from './texts.js';

/** Which commits count besides the current one. */
export interface Scope {
  readonly branches?: boolean;
  readonly tags?: boolean;
  readonly experiments?: boolean;
  /** All commits that any ref leads to. */
  readonly commits?: boolean;
}

/** Below this prefix experiments are kept. */
const EXPERIMENT_REFS = 'refs/ocrpipe/exp/';
/** What git remembers of work that is under way: it may be gone back to. */
const WORK_UNDER_WAY = ['HEAD', 'ORIG_HEAD', 'MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'REBASE_HEAD'];

/** A file that names what is needed, and where git has it. */
interface NamingFile extends GitFile {
  readonly where: string;
}

/** What the pointers and locks need that git holds: in its index, the stash, the commits at hand, and those of the scope. */
export async function committedNeeds(git: Git, scope: Scope): Promise<Needs> {
  const files: NamingFile[] = (await git.staged()).map((file) => ({ ...file, where: "in git's index" }));
  for (const commit of await commitsOf(git, scope)) {
    files.push(...(await git.filesAt(commit)).map((file) => ({ ...file, where: inCommit(commit) })));
  }
  if (scope.commits === true) {
    const ever = await git.everCommitted(NAMING_FILES);
    files.push(...ever.map(({ commit, ...file }) => ({ ...file, where: inCommit(commit) })));
  }
  return needsOfFiles(git, files);
}

async function commitsOf(git: Git, scope: Scope): Promise<Set<CommitId>> {
  const atHand = await git.known(WORK_UNDER_WAY);
  const prefixes = [
    ...(scope.branches === true ? ['refs/heads/', 'refs/remotes/'] : []),
    ...(scope.tags === true ? ['refs/tags/'] : []),
    ...(scope.experiments === true ? [EXPERIMENT_REFS] : []),
  ];
  const refs = await Promise.all(prefixes.map((prefix) => git.refs(prefix)));
  const tips = refs.flat().map(({ commit }) => commit);
  return new Set([...atHand, ...(await git.stashed()), ...tips]);
}

/** Each version is read once, however many commits hold it. */
async function needsOfFiles(git: Git, files: readonly NamingFile[]): Promise<Needs> {
  const versions = new Map<string, NamingFile>();
  for (const file of files) {
    const name = `${file.object} ${file.path}`;
    if (isNamingFile(file.path) && !versions.has(name)) versions.set(name, file);
  }
  const wanted = [...versions.values()];
  const texts = await git.read(wanted);
  return joinNeeds(
    wanted.map(({ path, where }, index) => needsOfText(texts[index]!.toString('utf8'), path, where)),
  );
}

function inCommit(commit: CommitId): string {
  return `in commit ${commit.slice(0, 10)}`;
}
