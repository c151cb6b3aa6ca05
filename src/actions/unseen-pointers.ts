import { shellQuote } from '../base/shell-quote.js';
import type { Workspace } from '../project/workspace.js';
import { isAlwaysIgnored } from '../tracking/ignore/ignore-rules.js';
import { PathIndex } from '../tracking/path-index.js';
import { hasPointer } from '../tracking/pointers/pointer-file.js';
import { pathOfPointer } from '../tracking/pointers/plain-pointer.js';
import type { FoundPointers } from '../tracking/workspace-files.js';

/** What a `.gitignore` keeps from being seen. */
export interface Unseen {
  code: 'pointer-unseen';
  message: string;
  hint: string;
}

/**
 * Pointers that git holds, below folders that it ignores: `tracked`, which is what was found in the workspace, lacks them, and every
 * command passes them over. Undefined if there are none, or no git.
 */
export async function unseenPointers(
  workspace: Workspace,
  { tracked, ignored }: Pick<FoundPointers, 'tracked' | 'ignored'>,
): Promise<Unseen | undefined> {
  const { git, root } = workspace;
  // Git is only asked where there may be any: it costs more than all else that is asked of a small workspace.
  if (git === undefined || ignored.length === 0) return undefined;
  const seen = new PathIndex(tracked);
  // What a killed command left beside a pointer, and somebody committed, is none.
  const files = (await git.heldLike(':(glob)**/*.ocr')).filter(
    (file) => !file.split('/').some(isAlwaysIgnored),
  );
  const held = files.flatMap((file) => pathOfPointer(file) ?? []);
  const unseen = held.filter(
    (path) => !seen.has(path) && seen.overlapping(path) === undefined && hasPointer(root, path),
  );
  const [first] = unseen;
  if (first === undefined) return undefined;
  const others = unseen.length === 1 ? '' : ` and ${unseen.length - 1} more`;
  return {
    code: 'pointer-unseen',
    message: `${first}.ocr${others} is passed over: git holds it, but a .gitignore leaves out the folder that it is in`,
    hint: `'git check-ignore --no-index -v ${shellQuote(`${first}.ocr`)}' names the rule: change it`,
  };
}

/** Says so, for commands that go over all that is tracked. */
export async function warnOfUnseen(workspace: Workspace, found: FoundPointers): Promise<void> {
  const unseen = await unseenPointers(workspace, found);
  if (unseen === undefined) return;
  const { code, message, hint } = unseen;
  workspace.events({ type: 'note', level: 'warning', code, message: `${message}. ${hint}.` });
}
