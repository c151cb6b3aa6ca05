import type { LockedUrl, LockedVariable } from '../records/signature.js';
import type { Reason } from './reason.js';

/** Which variables that count have other values, or are declared or not as they were not. Pure. */
export function environmentReasons(
  now: readonly LockedVariable[],
  locked: readonly LockedVariable[],
): Reason[] {
  const [current, old] = [valuesOf(now), valuesOf(locked)];
  const names = [...new Set([...current.keys(), ...old.keys()])].sort();
  return names
    .filter((name) => current.get(name) !== old.get(name))
    .map((name): Reason => ({
      kind: 'env-changed',
      subject: name,
      ...(old.has(name) && { old: old.get(name)! }),
      ...(current.has(name) && { new: current.get(name)! }),
    }));
}

function valuesOf(variables: readonly LockedVariable[]): Map<string, string | null> {
  return new Map(variables.map(({ name, value }) => [name, value]));
}

/** What stands elsewhere in another version. Of what was not asked nothing is said. Pure. */
export function urlReasons(
  now: readonly { readonly url: string; readonly version?: string }[],
  locked: readonly LockedUrl[],
): Reason[] {
  const old = new Map(locked.map(({ url, version }) => [url, version]));
  const declared = new Set(now.map(({ url }) => url));
  const changed = now.flatMap(({ url: subject, version }): Reason[] => {
    const before = old.get(subject);
    const seen = version !== undefined && { new: version };
    if (before === undefined) return [{ kind: 'dep-added', subject, ...seen }];
    return version === undefined || version === before
      ? []
      : [{ kind: 'dep-changed', subject, old: before, new: version }];
  });
  const removed = locked
    .filter(({ url }) => !declared.has(url))
    .map(({ url, version }): Reason => ({ kind: 'dep-removed', subject: url, old: version }));
  return [...changed, ...removed];
}
