import type { Call } from '../base/call.js';
import { needsToCheck } from '../project/roots/needs-to-check.js';
import { Workspace } from '../project/workspace.js';
import { checkRemote, type RemoteCheck } from '../remote/fsck/check-remote.js';
import { healRemote } from '../remote/fsck/heal-remote.js';
import type { RemoteFinding } from '../remote/fsck/remote-finding.js';
import { RemoteMemory } from '../remote/fsck/remote-memory.js';
import type { Unchecked } from '../store/fsck/check-store.js';
import { walkNeeds, type Needs } from '../store/fsck/needs.js';
import { SoundReader } from '../store/fsck/sound-reader.js';
import { placesText, type Damaged, type Missing } from './fsck-report.js';
import { withRemote } from './remote-session.js';

export interface RemoteFsckOptions {
  /** The default one if left out. */
  remote?: string | undefined;
  /** Put what this machine has in the place of what is damaged or gone. */
  repair: boolean;
  /** Seconds after which no further file is begun; those checked longest ago come first. */
  budget?: number | undefined;
  /** Believe what the server says of the SHA-256 of large objects, rather than read them. */
  trustsChecksums?: boolean | undefined;
}

export interface RemoteFsckResult {
  remote: string;
  /** Objects, catalogs and bases that were compared with their names. */
  checked: number;
  /** Bytes that were read. */
  bytes: number;
  damaged: readonly Damaged[];
  /** What catalogs name and is not there. */
  missing: readonly Missing[];
  /** Files that no catalog names: left by pushes that did not end. */
  unnamed: { files: number; bytes: number };
  /** What the time did not last for. */
  unchecked: Unchecked;
}

/** Objects of one pack whose places are told, at most. */
const MOST_PATHS = 100;

/**
 * Verifies every byte that a remote has, as far as time lasts, and with `repair` heals it from what this machine has. Paths are those of this workspace's
 * pointers; what other projects keep there is checked as well.
 */
export async function fsckRemote(options: RemoteFsckOptions, call: Call): Promise<RemoteFsckResult> {
  const workspace = Workspace.open(call, 'ocrpipe fsck');
  try {
    await workspace.useStore();
    const { store, records: runs } = workspace;
    const { result } = await withRemote(workspace, options.remote, async (session) => {
      const { budget, trustsChecksums = false } = options;
      const input = {
        ...{ ...session, store, runs, trustsChecksums, memory: new RemoteMemory(session.cache) },
        ...{ jobs: 4, events: call.events, signal: call.signal },
        budgetMs: budget === undefined ? undefined : budget * 1000,
      };
      const check = await checkRemote(input);
      const healed = options.repair ? await healRemote(input, check) : new Set<string>();
      return { check, healed, name: session.name, objects: 0, packs: 0 };
    });
    return await report(workspace, result);
  } finally {
    workspace.close();
  }
}

async function report(
  workspace: Workspace,
  { check, healed, name }: { check: RemoteCheck; healed: ReadonlySet<string>; name: string },
): Promise<RemoteFsckResult> {
  const needs = await needsOf(workspace, check);
  const told = check.findings.map((finding) => {
    const { object, where, reason, key } = finding;
    const paths = pathsOf(finding, needs);
    return { object, where, reason, paths, ...(healed.has(key) && { healed: 'store' as const }) };
  });
  const gone = check.findings.map((finding) => finding.gone);
  const { checked, bytes, unnamed, unchecked } = check;
  return {
    ...{ remote: name, checked, bytes, unnamed, unchecked },
    damaged: told.filter((_each, index) => !gone[index]!),
    missing: told.filter((_each, index) => gone[index]!),
  };
}

/** Where the pointers need what is wrong; as far as the store has the directories. */
async function needsOf(workspace: Workspace, { findings }: RemoteCheck): Promise<Needs | undefined> {
  if (findings.length === 0) return undefined;
  const { pointed } = await needsToCheck(workspace);
  const reader = new SoundReader(workspace.store.root, []);
  try {
    return walkNeeds(reader, pointed, new Set(findings.flatMap(namesOf)));
  } finally {
    reader.close();
  }
}

/** The object; of a pack as a whole everything in it. */
function namesOf({ object, table }: RemoteFinding): string[] {
  if (object.kind !== 'pack' || table === undefined) return [object.kind + object.id];
  return [...table.entries()].map(({ kind, id }) => kind + id);
}

function pathsOf(finding: RemoteFinding, needs: Needs | undefined): string[] {
  const places = namesOf(finding).flatMap((name) => needs?.places.get(name) ?? []);
  return [...new Set(placesText(places.slice(0, MOST_PATHS)))];
}
