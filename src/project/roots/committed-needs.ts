import { OcrpipeError, userError } from '../../base/errors.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { CommitId, Git } from '../../git/git.js';
import {
  committedTexts,
  placed,
  versionName,
  type CommittedText,
  type PlacedFile,
} from './committed-texts.js';
import { NAMING_FILES, needsOfText, versionText } from './naming-files.js';
import { joinNeeds, type Needs } from './needs.js';
import { needsOfBroken, type SkippedVersions } from './skipped-versions.js';

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
/** So many that cannot be read are named. */
const MOST_NAMED = 20;
/** What git remembers of work that is under way: it may be gone back to. */
const WORK_UNDER_WAY = ['HEAD', 'ORIG_HEAD', 'MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'REBASE_HEAD'];

/**
 * What the pointers and locks need that git holds: in its index, the stash, the commits at hand, and those of the scope. Throws
 * for one that cannot be read, unless it is to be skipped.
 */
export async function committedNeeds(git: Git, scope: Scope, skipped: SkippedVersions): Promise<Needs> {
  const files: PlacedFile[] = placed(await git.staged(), 'index');
  for (const commit of await commitsOf(git, scope)) files.push(...placed(await git.filesAt(commit), commit));
  if (scope.commits === true) files.push(...(await filesEverCommitted(git)));
  const texts = await committedTexts(git, files);
  const refused: Refused[] = [];
  const needs = joinNeeds(texts.map((text) => needsOfVersion(text, { skipped, refused })));
  refuse(refused);
  return needs;
}

/** A version that cannot be read. */
interface Refused {
  readonly version: CommittedText;
  readonly error: OcrpipeError;
}

function needsOfVersion(
  version: CommittedText,
  { skipped, refused }: { skipped: SkippedVersions; refused: Refused[] },
): Needs {
  try {
    return needsOfText(version);
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    if (!skipped.has(versionName(version))) refused.push({ version, error });
    return needsOfBroken(version);
  }
}

/** Throws for the first, naming the others: nobody wants to meet them one by one. */
function refuse([first, ...others]: readonly Refused[]): void {
  if (first === undefined) return;
  const { code, message, hint = '', location } = first.error;
  const names = others.slice(0, MOST_NAMED).map(({ version }) => shellQuote(versionText(version)));
  const rest = others.length > names.length ? ` and ${others.length - names.length} more` : '';
  throw userError(code, message, {
    hint: others.length === 0 ? hint : `${hint} These cannot be read either: ${names.join(', ')}${rest}.`,
    ...(location && { location }),
    cause: first.error,
  });
}

async function commitsOf(git: Git, scope: Scope): Promise<Set<CommitId>> {
  const atHand = await git.known(WORK_UNDER_WAY);
  return new Set([...atHand, ...(await git.stashed()), ...(await tipsOf(git, scope))]);
}

/** Every version of a pointer or lock that a commit of any ref holds. */
export async function filesEverCommitted(git: Git): Promise<PlacedFile[]> {
  const ever = await git.everCommitted(NAMING_FILES);
  return ever.map(({ commit, ...file }) => ({ ...file, where: commit }));
}

/** The commits that the branches (remote-tracking ones too), tags and experiments of a scope stand for. */
export async function tipsOf(git: Git, scope: Scope): Promise<CommitId[]> {
  const prefixes = [
    ...(scope.branches === true ? ['refs/heads/', 'refs/remotes/'] : []),
    ...(scope.tags === true ? ['refs/tags/'] : []),
    ...(scope.experiments === true ? [EXPERIMENT_REFS] : []),
  ];
  const refs = await Promise.all(prefixes.map((prefix) => git.refs(prefix)));
  return [...new Set(refs.flat().map(({ commit }) => commit))];
}
