import type { RepoPath } from '../../../base/paths.js';
import { bytePath } from '../../../tracking/byte-path.js';
import type { FileChoice } from '../../../tracking/file-choice.js';
import { wildmatch, type Wildmatch } from '../../../tracking/ignore/wildmatch.js';

/** A step of a pattern: a name, or any number of folders. */
type Step = { readonly matches: Wildmatch; readonly hidden: boolean } | 'folders';

/** The files that a pattern names. */
export interface Glob {
  /** The folder that the pattern begins in: its parts before the first one with a wildcard. */
  readonly base: RepoPath;
  /** What it names below that folder. */
  readonly choice: FileChoice;
}

const WILDCARD = /(?<!\\)(?:\\\\)*[*?[]/;

/** True for a text that names files by `*`, `?` or `[…]`; a backslash before one of them takes it as it is. */
export function isGlob(text: string): boolean {
  return WILDCARD.test(text);
}

/** A name as a pattern that matches it alone. */
export function escapeGlob(name: string): string {
  return name.replaceAll(/[\\*?[\]]/g, String.raw`\$&`);
}

/** The path that a pattern without wildcards stands for. */
export function unescapeGlob(pattern: string): string {
  return pattern.replaceAll(/\\(.)/gs, '$1');
}

/**
 * A pattern of the workspace, as a shell reads it: `*` and `?` pass over no '/', `**` as a whole part does, and names that
 * begin with a dot are named only by a part that begins with one. Backslashes take the next character as it is.
 */
export function parseGlob(pattern: RepoPath): Glob {
  const parts = pattern.split('/');
  const first = parts.findIndex(isGlob);
  // The last part names files, whatever it looks like.
  const at = first === -1 ? parts.length - 1 : first;
  const base = parts.slice(0, at).map(unescapeGlob).join('/');
  const steps = parts.slice(at).map(stepOf);
  return { base: (base === '' ? '.' : base) as RepoPath, choice: choiceAt(steps, settle(steps, [0])) };
}

function stepOf(part: string): Step {
  if (part === '**') return 'folders';
  return { matches: wildmatch(bytePath(part)), hidden: /^\\?\./.test(part) };
}

/** The places in the pattern that are reached without a further name: `**` may stand for no folder at all. */
function settle(steps: readonly Step[], places: readonly number[]): readonly number[] {
  const reached = new Set(places);
  for (const place of reached) {
    // At the end it stands for all files.
    if (steps[place] === 'folders' && place < steps.length - 1) reached.add(place + 1);
  }
  return [...reached];
}

function choiceAt(steps: readonly Step[], places: readonly number[]): FileChoice {
  return {
    takes: (name) => places.some((place) => place === steps.length - 1 && isNamed(steps[place]!, name)),
    within: (name) => {
      const next = places
        .filter((place) => isNamed(steps[place]!, name))
        .map((place) => (steps[place] === 'folders' ? place : place + 1))
        .filter((place) => place < steps.length);
      return next.length === 0 ? undefined : choiceAt(steps, settle(steps, next));
    },
  };
}

function isNamed(step: Step, name: string): boolean {
  if (step === 'folders') return !name.startsWith('.');
  return (step.hidden || !name.startsWith('.')) && step.matches(name);
}
