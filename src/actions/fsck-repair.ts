import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RepoPath } from '../base/paths.js';
import { findRemote } from '../config/remotes.js';
import type { NeedsToCheck } from '../project/roots/needs-to-check.js';
import type { Workspace } from '../project/workspace.js';
import type { CheckedName, Finding } from '../store/fsck/finding.js';
import { walkNeeds } from '../store/fsck/needs.js';
import { setAside } from '../store/fsck/set-aside.js';
import { SoundReader } from '../store/fsck/sound-reader.js';
import type { StoreListing } from '../store/fsck/store-files.js';
import { FOLDERS } from '../store/format.js';
import { unlinkIfThere, writeTemporary } from '../store/temporary.js';
import { placesElsewhere } from './fsck-elsewhere.js';
import type { Healed } from './fsck-report.js';
import { healFromRemote, healFromWorkspace, type Wanted } from './fsck-heal.js';

/** What is to be repaired. */
export interface Damage {
  /** The store's folder. */
  root: string;
  findings: readonly Finding[];
  /** What was missing besides. */
  missing: readonly CheckedName[];
  needs: NeedsToCheck;
  listing: StoreListing;
}

/** What was healed, by kind and id; of packs and `format.json` by file. */
export type Repaired = ReadonlyMap<string, Healed>;

/** Rounds in which a directory that came back may show that others below it are missing. */
const MOST_ROUNDS = 100;

/**
 * Moves what is damaged to `quarantine/`, what is sound of it kept, and brings back what can be brought back: from the files of
 * the workspace, then from the remotes, the default one first. Every byte is hashed before it is stored.
 */
export async function repair(workspace: Workspace, damage: Damage): Promise<Repaired> {
  const { root, findings, listing, needs } = damage;
  // Where nothing can be written, nothing is set aside or healed: that is to be said, and not what is left of the damage.
  unlinkIfThere(writeTemporary(join(root, FOLDERS.tmp), Buffer.alloc(0)));
  const healed = new Map<string, Healed>();
  for (const file of setAside(root, findings, [...listing.files, ...listing.trash]))
    healed.set(file, 'store');
  await workspace.useStore();
  for (const { object, where } of findings) {
    if (object.kind === 'run' && !existsSync(where)) healed.set(object.kind + object.id, 'dropped');
  }
  const before = [...findings.map(({ object }) => object), ...damage.missing].flatMap(wantedOf);
  for (const { kind, id } of presentOf(root, before)) healed.set(kind + id, 'store');
  const paths = [...workspace.files.trackedPaths(), ...needs.locked.map(({ needer }) => needer as RepoPath)];
  const heal = async (from: Healed, bring: (wanted: readonly Wanted[]) => Promise<void>): Promise<void> => {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const wanted = await stillLacking(workspace, damage);
      if (wanted.length === 0) return;
      await bring(wanted);
      const brought = presentOf(root, wanted);
      for (const { kind, id } of brought) healed.set(kind + id, from);
      if (brought.length === 0) return;
    }
  };
  await heal('workspace', (wanted) => healFromWorkspace(workspace, wanted, paths));
  for (const remote of remotesInOrder(workspace)) {
    await heal('remote', (wanted) => healFromRemote(workspace, remote, wanted));
  }
  return healed;
}

/** What is to be brought: damaged, or missing and not known to be elsewhere. */
async function stillLacking(workspace: Workspace, { root, findings, needs }: Damage): Promise<Wanted[]> {
  const reader = new SoundReader(root, []);
  try {
    const { missing } = walkNeeds(reader, needs.pointed, new Set());
    // What a pack without a sound frame held is not known: all that is not here may have been in it.
    const anything = findings.some(({ object }) => object.kind === 'pack');
    const absent = anything ? missing : (await placesElsewhere(workspace, missing)).nowhere;
    const names = new Map(absent.map(({ kind, id, places }) => [kind + id, places[0]?.root ?? id]));
    const all = [...absent, ...findings.map(({ object }) => object)].flatMap(wantedOf);
    const lacking = all.filter(({ kind, id }) => !reader.has(kind, id));
    return lacking.map((each) => ({ ...each, name: names.get(each.kind + each.id) ?? 'a damaged object' }));
  } finally {
    reader.close();
  }
}

function wantedOf({ kind, id }: CheckedName): Wanted[] {
  if (kind !== 'blob' && kind !== 'tree' && kind !== 'listing') return [];
  return [{ kind, id: id as Wanted['id'], name: id }];
}

function presentOf(root: string, wanted: readonly Wanted[]): Wanted[] {
  const reader = new SoundReader(root, []);
  try {
    return wanted.filter(({ kind, id }) => reader.has(kind, id));
  } finally {
    reader.close();
  }
}

/** The names of the remotes, the default one first. */
function remotesInOrder({ settings }: Workspace): string[] {
  const names = Object.keys(settings.remotes).sort();
  const first = settings.default === undefined ? undefined : findRemote(settings).name;
  return first === undefined ? names : [first, ...names.filter((name) => name !== first)];
}
