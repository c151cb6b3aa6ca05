import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { AbsPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import { ownCommand } from './own-command.js';

/** What a hook does: see `HOOKS`. */
export type HookKind = 'checkout' | 'push' | 'status';

export const HOOK_KINDS: readonly HookKind[] = ['checkout', 'push', 'status'];

/** A hook of git's, and what became of it. `foreign`: somebody else's stands there, and `hint` says what to add to it. */
export interface HookState {
  name: string;
  kind: HookKind;
  state: 'installed' | 'unchanged' | 'removed' | 'foreign';
  hint?: string;
}

interface Hook {
  name: string;
  kind: HookKind;
  /** What the script does; `run` is ocrpipe. */
  body: readonly string[];
  /** The line for a hook of somebody's own. */
  line: string;
}

const MARK = '# Written by ocrpipe install; ocrpipe install --remove takes it away.';

/** After a checkout or a merge nothing may fail that git has done already; a rebase is left in peace until it is over. */
const PUT = ['run checkout || true'];
const IN_A_REBASE = '[ -d "$(git rev-parse --git-path rebase-merge)" ] && exit 0';

const HOOKS: readonly Hook[] = [
  {
    name: 'post-checkout',
    kind: 'checkout',
    body: ['[ "$3" = 1 ] || exit 0', IN_A_REBASE, ...PUT],
    line: '[ "$3" = 1 ] && ocrpipe checkout || true',
  },
  { name: 'post-merge', kind: 'checkout', body: PUT, line: 'ocrpipe checkout || true' },
  {
    name: 'post-rewrite',
    kind: 'checkout',
    body: ['[ "$1" = rebase ] || exit 0', ...PUT],
    line: 'ocrpipe checkout || true',
  },
  {
    name: 'pre-push',
    kind: 'push',
    body: ['run push </dev/null'],
    line: 'ocrpipe push </dev/null || exit 1',
  },
  { name: 'pre-commit', kind: 'status', body: ['run status'], line: 'ocrpipe status || exit 1' },
];

/** Where hooks stand. */
interface Place {
  folder: AbsPath;
  /** The project, or its user, has named that folder: what stands there is theirs. */
  chosen: boolean;
  workTree: AbsPath;
  /** The workspace, where it is not the root of the work tree. */
  root: AbsPath;
}

/** Writes the hooks of these kinds. One that somebody else wrote stays as it is. */
export function installHooks(place: Place, kinds: readonly HookKind[]): HookState[] {
  return HOOKS.filter(({ kind }) => kinds.includes(kind)).map((hook) => {
    const file = join(place.folder, hook.name);
    const text = scriptOf(hook, place);
    const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    const { name, kind } = hook;
    if (place.chosen || (before !== undefined && !before.includes(MARK))) {
      const whose = place.chosen
        ? 'core.hooksPath names the folder of your hooks'
        : `${name} is a hook of your own`;
      const hint = `${whose}: add the line '${hook.line}' to ${shellQuote(relative(place.workTree, file))}`;
      return { name, kind, state: 'foreign', hint };
    }
    if (before === text) return { name, kind, state: 'unchanged' };
    mkdirSync(place.folder, { recursive: true });
    writeFileAtomic(file, text, { mode: 0o755 });
    chmodSync(file, 0o755);
    return { name, kind, state: 'installed' };
  });
}

/** Takes away the hooks that `installHooks` wrote, and no other. */
export function removeHooks({ folder }: Pick<Place, 'folder'>): HookState[] {
  return installedHooks(folder).map(({ name, kind }) => {
    rmSync(join(folder, name));
    return { name, kind, state: 'removed' };
  });
}

/** The hooks that ocrpipe wrote. */
export function installedHooks(folder: AbsPath): Pick<HookState, 'name' | 'kind'>[] {
  return HOOKS.filter(({ name }) => {
    const file = join(folder, name);
    return existsSync(file) && readFileSync(file, 'utf8').includes(MARK);
  }).map(({ name, kind }) => ({ name, kind }));
}

/** Work trees share their hooks: a branch without the workspace has nothing to do. */
function scriptOf({ name, body }: Hook, { workTree, root }: Place): string {
  const below = relative(workTree, root);
  const gone = `echo 'ocrpipe is not found: the ${name} hook does nothing' >&2`;
  const lines = [
    '#!/bin/sh',
    MARK,
    ...(below === '' ? [] : [`cd ${shellQuote(below)} 2>/dev/null || exit 0`]),
    '[ -d .ocrstore ] || exit 0',
    // Git's own variables are about its index of the moment, and about folders as seen from elsewhere.
    'unset $(git rev-parse --local-env-vars)',
    `run() { ${ownCommand('"$@"', gone)}; }`,
    ...body,
  ];
  return `${lines.join('\n')}\n`;
}
