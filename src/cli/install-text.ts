import type { HookState } from '../actions/install/hooks.js';
import type { InstallResult } from '../actions/install/install.js';
import { toCommitLines } from './to-commit-text.js';

export function installText({ changed, attributes, hooks, toCommit }: InstallResult): string {
  const drivers = changed
    ? `Git merges pointers and pipeline.lock with ocrpipe now, in this clone (${attributes} says which files).`
    : 'Git merges pointers and pipeline.lock with ocrpipe already.';
  const each = "Each clone needs 'ocrpipe install' once; one without it merges them as text.";
  return [drivers, ...(changed ? [each] : []), ...hooks.map(hookLine), ...toCommitLines(toCommit)].join('\n');
}

export function uninstallText({
  changed,
  attributes,
  hooks,
  attributesStay,
}: InstallResult & { attributesStay: boolean }): string {
  const nothing = !changed && hooks.length === 0;
  return [
    nothing
      ? 'Nothing of ocrpipe was installed in this clone.'
      : 'Git merges pointers and pipeline.lock as text again, in this clone.',
    ...hooks.map(hookLine),
    ...(attributesStay
      ? [`${attributes} is committed and stays: it changes nothing in clones without the drivers.`]
      : []),
  ].join('\n');
}

const WHAT: Readonly<Record<HookState['kind'], string>> = {
  checkout: 'puts data in place',
  push: 'pushes data before commits',
  status: 'shows the status, and refuses what is in conflict',
};

function hookLine({ name, kind, state, hint }: HookState): string {
  if (state === 'foreign') return `${name}: not installed. ${hint ?? ''}`;
  const words = { installed: 'installed', unchanged: 'there already', removed: 'removed' }[state];
  return `${name}: ${words} (${WHAT[kind]})`;
}
