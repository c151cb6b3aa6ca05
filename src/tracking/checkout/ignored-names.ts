import { readdirSync, readlinkSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { sameEntry } from '../../store/tree-diff.js';
import type { TreeEntry } from '../../store/tree-format.js';
import type { ObjectReader } from '../../store/object-reader.js';
import { bytePath, fsPath, joinBytes, type BytePath } from '../byte-path.js';
import { planChanges, type PlannedChange } from './checkout-plan.js';
import { NodeMemory, hashingSink } from '../scan/sinks.js';
import { scanWithoutRules, type ScanContext } from '../scan/snapshot.js';
import type { CallOptions } from '../workspace-files.js';
import type { RepoPath } from '../../base/paths.js';

/**
 * Looks at the names that are to be written and that the scan left out: a rule may have come to ignore what the tree holds.
 * What stands there already as it is wanted needs nothing; anything else is named as the change of a file that is there.
 * Names that only this file system takes for another stay as they are.
 */
export async function seeIgnored(
  at: { context: ScanContext; store: ObjectReader; path: RepoPath },
  changes: readonly PlannedChange[],
  options: CallOptions,
): Promise<PlannedChange[]> {
  const top = bytePath(at.path);
  const listings = new Map<string, Set<string>>();
  const seen: PlannedChange[] = [];
  for (const change of changes) {
    const place = change.below === '' ? top : joinBytes(top, change.below);
    const stat = change.old || change.below === '' ? undefined : statOf(at.context, place, listings);
    if (stat === undefined) seen.push(change);
    else seen.push(...(await lookAt(at, change, { place, stat, options })));
  }
  return seen;
}

function statOf(
  { root, storeLinks }: ScanContext,
  place: BytePath,
  listings: Map<string, Set<string>>,
): Stats | undefined {
  const absolute = joinBytes(bytePath(root), place);
  const stat = storeLinks.stat(fsPath(absolute));
  if (stat === undefined) return undefined;
  const folder = posix.dirname(absolute) as BytePath;
  const names = listings.get(folder) ?? new Set(readdirSync(fsPath(folder), 'latin1'));
  listings.set(folder, names);
  return names.has(posix.basename(absolute)) ? stat : undefined;
}

async function lookAt(
  { context, store }: { context: ScanContext; store: ObjectReader },
  change: PlannedChange,
  { place, stat, options }: { place: BytePath; stat: Stats; options: CallOptions },
): Promise<PlannedChange[]> {
  const memory = new NodeMemory();
  const old = await entryAt(context, { place, stat, memory, options });
  const { below, new: wanted } = change;
  if (old === undefined || wanted === undefined) return [change];
  if (sameEntry(old, wanted)) return [];
  if (old.kind !== 'directory' || wanted.kind !== 'directory') return [{ ...change, old }];
  // What else lies in an ignored folder is none of the tree's business.
  return planChanges({ reader: memory, id: old.id }, { reader: store, id: wanted.id })
    .filter((inside) => inside.new !== undefined)
    .map((inside) => ({ ...inside, below: `${below}/${inside.below}` }));
}

async function entryAt(
  context: ScanContext,
  at: { place: BytePath; stat: Stats; memory: NodeMemory; options: CallOptions },
): Promise<TreeEntry | undefined> {
  const { place, stat, memory, options } = at;
  const name = posix.basename(place) as TreeEntry['name'];
  if (stat.isSymbolicLink()) {
    const target = readlinkSync(fsPath(joinBytes(bytePath(context.root), place)), 'latin1');
    return { kind: 'symlink', name, target };
  }
  const found = await scanWithoutRules(context, place, hashingSink({ node: memory.sink }), options);
  if (found === undefined) return undefined;
  const { id, size } = found;
  return found.kind === 'file'
    ? { kind: 'file', name, id, size, executable: found.executable ?? false }
    : { kind: 'directory', name, id, bytes: size, files: found.files ?? 0 };
}
