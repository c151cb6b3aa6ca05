import { resolve } from 'node:path';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { absPath, type AbsPath } from '../base/paths.js';
import { parseRunRecord } from '../pipeline/records/run-record.js';
import { findWorkspace } from '../project/find-workspace.js';
import type { Scope } from '../project/roots/committed-needs.js';
import { joinNeeds, type Needs } from '../project/roots/needs.js';
import { otherWorkspaces } from '../project/roots/other-workspaces.js';
import { skippedVersions } from '../project/roots/skipped-versions.js';
import { workspaceNeeds } from '../project/roots/workspace-needs.js';
import { Workspace } from '../project/workspace.js';
import { probeRemote } from '../remote/backends/probe.js';
import { collectRemote, type Collected, type CollectInput } from '../remote/gc/collect-remote.js';
import { requireScope } from './gc.js';
import { jobsThere } from './gc-jobs.js';
import { withRemote, type RemoteSession } from './remote-session.js';

export interface RemoteGcOptions extends Scope {
  /** The default one if left out. */
  remote?: string | undefined;
  /** Only what the workspace itself needs, which every scope keeps. */
  workspace?: boolean;
  /** Folders of further workspaces whose needs count, as they were typed. */
  projects: readonly string[];
  /** Go on where a directory is neither here nor on the remote. */
  allowMissing: boolean;
  /** Broken pointers and locks of old commits that are passed over, as COMMIT:PATH. */
  skipBroken: readonly string[];
  /** Ask git's remotes first which branches there are. */
  fetch: boolean;
  /** Nobody else uses the remote, which therefore need not refuse to overwrite. */
  exclusive: boolean;
  dryRun: boolean;
}

export interface RemoteGcResult extends Collected {
  remote: string;
  dryRun: boolean;
  /** Broken files of old commits that were passed over as was asked. */
  skippedBroken: readonly string[];
}

const HOUR_MS = 60 * 60 * 1000;
/** Roots that were pushed so lately stay: 30 days, and one in which a push does not record them again. */
const RECENT_MS = 31 * 24 * HOUR_MS;

/**
 * Takes off a remote what nothing in the scope needs, nor any other project there, nor a job, and what was not pushed lately: condemned first,
 * deleted by a later collection once the grace period is over.
 */
export async function gcRemote(options: RemoteGcOptions, call: Call): Promise<RemoteGcResult> {
  requireScope(options);
  const workspace = Workspace.open(call, 'ocrpipe gc');
  try {
    await workspace.useStore();
    const { settings, store, records: runs } = workspace;
    const { project, graceMs } = settings;
    if (project === undefined) throw noProject();
    const needed = await needsOf(workspace, options, call);
    const input: Omit<CollectInput, Exclude<keyof RemoteSession, 'signal'>> = {
      ...{ store, runs, project, graceMs, recentMs: RECENT_MS, outsOf, jobs: 4 },
      needed: { roots: needed.roots.map(markedRoot), runs: needed.runs },
      ...{ allowMissing: options.allowMissing, dryRun: options.dryRun },
      ...{ events: call.events, signal: call.signal },
    };
    const work = async (session: RemoteSession) => {
      if (!options.dryRun && !options.exclusive) await requireConditionalCreate(session, call.signal);
      const { roots, abandoned } = await jobsThere(session.remote, call.signal);
      const withJobs = { ...input.needed, roots: [...input.needed.roots, ...roots] };
      const collected = await collectRemote({ ...session, ...input, needed: withJobs });
      if (!options.dryRun) for (const job of abandoned) await job.remove(call.signal);
      return { collected, name: session.name, objects: 0, packs: 0 };
    };
    const { collected, name } = (await withRemote(workspace, options.remote, work)).result;
    const { dryRun } = options;
    return { remote: name, dryRun, ...collected, skippedBroken: [...new Set(needed.skipped)] };
  } finally {
    workspace.close();
  }
}

async function needsOf(
  { root, store, git }: Workspace,
  options: RemoteGcOptions,
  call: Call,
): Promise<Required<Needs>> {
  const ofRefs = [options.branches, options.tags, options.commits, options.experiments].includes(true);
  if (options.fetch && ofRefs) await git?.fetchAll();
  const here = (path: string): AbsPath => findWorkspace(absPath(resolve(call.cwd, path)));
  const others = otherWorkspaces(store.root, root, []).roots;
  const workspaces = [root, ...others, ...options.projects.map(here)];
  const versions = await skippedVersions(options.skipBroken, workspaces);
  const needs: Needs[] = [];
  for (const each of workspaces) needs.push(await workspaceNeeds(each, options, versions));
  return joinNeeds(needs);
}

function markedRoot({ kind, id, needer, optional = false }: Needs['roots'][number]) {
  return { kind, id, needer, optional, recorded: false };
}

/** What a run made; undefined for a record that is not understood. */
function outsOf(record: Buffer): ReturnType<CollectInput['outsOf']> {
  try {
    const { outs } = parseRunRecord(JSON.parse(record.toString('utf8')) as never) ?? {};
    return outs?.map(({ kind, id }) => ({
      kind: kind === 'directory' ? ('tree' as const) : ('blob' as const),
      id,
    }));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function requireConditionalCreate({ remote, name }: RemoteSession, signal: AbortSignal): Promise<void> {
  if ((await probeRemote(remote, signal)).conditionalCreate) return;
  throw userError(
    'gc-needs-conditional-create',
    `${remote.where} lets one writer overwrite what another just made: a push meanwhile could lose data`,
    {
      hint: `If nobody pushes to it or collects on it now, run it with --exclusive: 'ocrpipe gc --remote ${name} --exclusive …'.`,
    },
  );
}

function noProject() {
  return userError(
    'gc-no-project',
    'this workspace has no project name, by which its data on a remote is known',
    {
      hint: "Give it the one that was pushed under, or a new one: 'ocrpipe config project NAME'.",
    },
  );
}
