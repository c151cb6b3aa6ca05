import { resolve } from 'node:path';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { isOnLocalDisk } from '../base/local-disk.js';
import { absPath, type AbsPath } from '../base/paths.js';
import { findWorkspace } from '../project/find-workspace.js';
import type { Scope } from '../project/roots/committed-needs.js';
import { otherWorkspaces } from '../project/roots/other-workspaces.js';
import { Workspace } from '../project/workspace.js';
import { carryOut, timeOfStore } from '../store/gc/carry-out.js';
import type { FileTally, Tally } from '../store/gc/facts.js';
import { planGc, tallyFiles, type GcPlan, type GoingFile } from '../store/gc/plan.js';
import { Verdicts } from '../store/gc/verdicts.js';
import { LocalStore } from '../store/local-store.js';
import { forgetWorkspace } from '../store/registered-workspaces.js';
import { lockCollection, useStoreAlone } from '../store/store-use.js';
import { gatherFacts } from './gc-facts.js';

export interface GcInput extends Scope {
  /** Only what the workspace itself needs, which every scope keeps. */
  workspace?: boolean;
  /** Folders of further workspaces whose needs count, as they were typed. */
  projects: readonly string[];
  /** Let go of what no remote has, too. */
  unpushed: boolean;
  /** Go on where a directory is neither here nor on a remote. */
  allowMissing: boolean;
  /** Broken pointers and locks of old commits that are passed over, as COMMIT:PATH. */
  skipBroken?: readonly string[];
  /** Workspaces of a shared store that are gone for good, as they were typed. */
  forgetWorkspaces: readonly string[];
  /** Delete at once. */
  now: boolean;
  dryRun: boolean;
}

export interface GcResult {
  dryRun: boolean;
  /** What was moved to the trash, or would be. */
  condemned: FileTally;
  /** What was deleted for good, or would be. */
  deleted: FileTally;
  /** What was in the trash before and waits for the end of its grace period. */
  waiting: FileTally;
  /** Files that were brought back from the trash, because something needs them, or would be. */
  rescued: number;
  /** Packs that were written anew without what nothing needs, and how many they are now. */
  joined: { packs: number; into?: number };
  needed: Tally;
  /** What nothing needs and was kept, because no remote has it. */
  unpushed: Tally;
  /** What nothing needs and stays for now, because it shares a pack with what is needed. */
  scattered: Tally;
  /** The files of the store in question. */
  files: { condemned: readonly string[]; deleted: readonly string[] };
  /** Broken files of old commits that were passed over as was asked. */
  skippedBroken: readonly string[];
  /** Remotes that did not answer. */
  silentRemotes: readonly string[];
  /** How long what was condemned can be had back. */
  graceHours: number;
}

const HOUR_MS = 60 * 60 * 1000;

/**
 * Takes out of the local store what nothing in the scope needs: it goes to the trash, and what has been there for the grace
 * period is deleted. Looks at everything before it changes anything; stops where it cannot know what is needed.
 */
export async function gc(input: GcInput, call: Call): Promise<GcResult> {
  requireScope(input);
  const workspace = Workspace.open(call, 'ocrpipe gc');
  try {
    if (input.dryRun) return await collect(workspace, input, call);
    const { root } = workspace.store;
    const user = { root, command: workspace.command, events: call.events, signal: call.signal };
    if (input.now) requireLocalDisk(root);
    const locks = [await lockCollection(user)];
    try {
      if (input.now) locks.push(await useStoreAlone(user));
      return await collect(workspace, input, call);
    } finally {
      for (const lock of locks.reverse()) lock.release();
    }
  } finally {
    workspace.close();
  }
}

async function collect(workspace: Workspace, input: GcInput, call: Call): Promise<GcResult> {
  const { root, settings } = workspace;
  const { now, dryRun, projects, forgetWorkspaces, ...judging } = input;
  const store = LocalStore.inspect(workspace.store.root);
  try {
    const here = (path: string): AbsPath => absPath(resolve(call.cwd, path));
    const others = otherWorkspaces(store.root, root, forgetWorkspaces.map(here));
    const workspaces = [root, ...others.roots, ...projects.map((path) => findWorkspace(here(path)))];
    const { silent, skipped, ...facts } = await gatherFacts(workspace, store, { ...judging, workspaces });
    const time = dryRun ? Date.now() : timeOfStore(store);
    const graceMs = now ? 0 : settings.graceMs;
    const condemnedBefore = now ? Number.POSITIVE_INFINITY : time - graceMs;
    const plan = planGc({ ...facts, now: time, condemnedBefore });
    if (!dryRun) others.forgotten.forEach(forgetWorkspace);
    const done = dryRun
      ? wouldDo(plan, now)
      : await carryOut({
          ...{ store: workspace.store, plan, now, events: call.events, signal: call.signal },
          verdicts: new Verdicts(facts),
        });
    const { needed, unpushed, scattered } = plan;
    return {
      ...{ dryRun, ...done, waiting: tallyFiles(now ? [] : plan.waiting), needed, unpushed, scattered },
      files: filesOf(plan, now),
      ...{ skippedBroken: skipped, silentRemotes: silent, graceHours: graceMs / HOUR_MS },
    };
  } finally {
    store.close();
  }
}

function wouldDo(plan: GcPlan, now: boolean): Pick<GcResult, 'condemned' | 'deleted' | 'rescued' | 'joined'> {
  return {
    rescued: plan.rescue.length,
    joined: { packs: plan.rewrite.length },
    condemned: tallyFiles(goingOf(plan)),
    deleted: tallyFiles([...plan.remove, ...(now ? goingOf(plan) : [])]),
  };
}

function filesOf(plan: GcPlan, now: boolean): GcResult['files'] {
  const keys = (files: readonly { key: string }[]): string[] => files.map(({ key }) => key).sort();
  const going = goingOf(plan);
  return { condemned: keys(going), deleted: keys([...plan.remove, ...(now ? going : [])]) };
}

function goingOf({ condemn, rewrite }: GcPlan): readonly GoingFile[] {
  return [...condemn, ...rewrite];
}

/** Throws `gc-no-scope` (exit code 2) unless it is said what to keep. */
export function requireScope(input: Scope & { workspace?: boolean }): void {
  const { workspace, branches, tags, commits, experiments } = input;
  if ([workspace, branches, tags, commits, experiments].includes(true)) return;
  throw userError('gc-no-scope', 'gc must be told what to keep', {
    hint: 'Name one or more: --workspace (what stands here, and what git has at hand), --all-branches, --all-tags, --all-experiments, --all-commits. See first with --dry-run.',
  });
}

function requireLocalDisk(folder: string): void {
  if (isOnLocalDisk(folder)) return;
  throw userError(
    'gc-now-not-local',
    `${folder} is not on a disk of this machine: it cannot be known who else uses it`,
    {
      hint: "Leave out --now: what is not needed goes to the trash, and is deleted by an 'ocrpipe gc' after the grace period.",
    },
  );
}
