import { OcrpipeError } from '../base/errors.js';
import { withProgress } from '../base/with-progress.js';
import type { AbsPath } from '../base/paths.js';
import { parseRunRecord } from '../pipeline/records/run-record.js';
import type { Scope } from '../project/roots/committed-needs.js';
import { joinNeeds, type Needs } from '../project/roots/needs.js';
import { skippedVersions } from '../project/roots/skipped-versions.js';
import { workspaceNeeds } from '../project/roots/workspace-needs.js';
import type { Workspace } from '../project/workspace.js';
import { packKey } from '../store/format.js';
import type { GcFacts } from '../store/gc/facts.js';
import { takeInventory } from '../store/gc/inventory.js';
import { markNeeded, type AbsentNode } from '../store/gc/mark-needed.js';
import { Marks } from '../store/gc/marks.js';
import { Verdicts } from '../store/gc/verdicts.js';
import type { LocalStore } from '../store/local-store.js';
import { RunRecords, type RunId } from '../store/run-records.js';
import { askRemotes, type AskedRemotes } from './gc-remotes.js';

/** What decides what may go. */
export interface Judging extends Scope {
  /** The roots of the workspaces whose needs count. */
  readonly workspaces: readonly AbsPath[];
  /** Let go of what no remote has, too. */
  readonly unpushed: boolean;
  /** Go on where a directory is neither here nor on a remote. */
  readonly allowMissing: boolean;
  /** Broken pointers and locks of old commits that are passed over, as COMMIT:PATH. */
  readonly skipBroken?: readonly string[];
}

/** All that a collection must know of a store, which is opened for looking only. Changes nothing. */
export async function gatherFacts(
  workspace: Workspace,
  store: LocalStore,
  judging: Judging,
): Promise<
  Omit<GcFacts, 'now' | 'condemnedBefore'> & { silent: readonly string[]; skipped: readonly string[] }
> {
  // Looked at first: what is stored from now on is not judged.
  const inventory = takeInventory(store);
  const needs: Needs[] = [];
  const versions = await skippedVersions(judging.skipBroken ?? [], judging.workspaces);
  for (const root of judging.workspaces) needs.push(await workspaceNeeds(root, judging, versions));
  const { roots, runs, skipped } = joinNeeds(needs);
  const remotes = await askRemotes(workspace);
  const marks = new Marks(inventory);
  const absent = refuseAbsent(judging, remotes);
  await withProgress({ key: 'see what is needed', unit: 'objects' }, workspace, (breathe) =>
    markNeeded(roots, { marks, reader: store, absent, breathe }),
  );
  const mayGo: GcFacts['mayGo'] = (kind, id) =>
    judging.unpushed || remotes.views.some((view) => view.keeps(kind, id));
  const named = new Set(runs.map(({ key }) => key));
  const results = new KnownResults(store, new Verdicts({ marks, mayGo }));
  return {
    ...{ inventory, marks, mayGo, silent: remotes.silent, skipped: [...new Set(skipped)] },
    // Of a run with several results, that there were others is known by their records, which are small: what they made may go.
    keepsRun: (run) =>
      named.has(run.key) ||
      (!judging.unpushed && !remotes.views.some((view) => view.hasRun(run))) ||
      results.areKept(run),
    mayRewrite: (pack) =>
      remotes.silent.length === 0 && !remotes.views.some((view) => view.listed.has(packKey(pack))),
  };
}

/**
 * What to do about a directory that is needed and not here. Of one that a remote has everything below is there as well. What is
 * below any other is not known: some of it may be here, and must not go.
 */
function refuseAbsent(judging: Judging, { views, silent }: AskedRemotes): (node: AbsentNode) => void {
  return ({ kind, id, root }) => {
    // Where a pack of the remote is gone, something below may be, too.
    const isThere = views.some((view) => view.keeps(kind, id) && (view.intact || !judging.unpushed));
    if (judging.allowMissing || isThere) return;
    // Then nothing goes but what a remote that did answer has.
    if (silent.length > 0 && !judging.unpushed) return;
    throw new OcrpipeError(
      'needed-tree-missing',
      `the tree ${id}, which ${root.needer} needs, is neither here nor on a remote: what lies below it is not known`,
      {
        hint: `Get it back with 'ocrpipe add' or 'ocrpipe pull', choose a scope without it, or add --allow-missing if it is lost.${silent.length > 0 ? ` These remotes did not answer: ${silent.join(', ')}.` : ''}`,
      },
    );
  };
}

/** Tells of run records whether what they say a run made is still of use. */
class KnownResults {
  readonly #records: RunRecords;
  readonly #verdicts: Verdicts;

  constructor(store: LocalStore, verdicts: Verdicts) {
    this.#records = new RunRecords(store.root, { inspect: true });
    this.#verdicts = verdicts;
  }

  /** True if something it made is kept, all of it; true too for a record that cannot be read: nobody knows. */
  areKept(run: RunId): boolean {
    try {
      const record = parseRunRecord(this.#records.read(run));
      if (record === undefined) return true;
      const { outs } = record;
      return outs.length > 0 && outs.every(({ kind, id }) => this.#isKept(kind, id));
    } catch (error) {
      if (error instanceof OcrpipeError) return true;
      throw error;
    }
  }

  #isKept(kind: 'file' | 'directory', id: RunId['key']): boolean {
    return this.#verdicts.of(kind === 'directory' ? 'tree' : 'blob', id) !== 'dead';
  }
}
