import type { Root } from '../catalog/catalog.js';
import type { NamedCatalog, RemoteView } from '../catalog/view.js';

/** A root that a catalog records. */
export interface RecordedRoot {
  readonly root: Root;
  /** False if whoever pushed it may not have known what was condemned before, and may still be about to see to it. */
  readonly proven: boolean;
}

/** Which roots of a remote stay. */
export interface Keeping {
  /** The project on whose behalf it is cleared. */
  readonly project: string;
  /** Kind and id of what its pointers name. */
  readonly pointed: ReadonlySet<string>;
  /** Roots pushed since then stay (ISO 8601, the remote's clock). */
  readonly since: string;
}

/** The roots that stay: those of other projects, those that something still names, those pushed lately. Each once, with its last time. */
export function keptRoots(view: RemoteView, { project, pointed, since }: Keeping): RecordedRoot[] {
  const roots = new Map<string, RecordedRoot>();
  for (const { root, proven } of recordedRoots(view)) {
    const name = `${root.kind} ${root.id} ${root.project}`;
    const known = roots.get(name);
    const latest = known && known.root.created > root.created ? known.root : root;
    roots.set(name, { root: latest, proven: proven || (known?.proven ?? false) });
  }
  return [...roots.values()].filter(
    ({ root }) => root.project !== project || root.created >= since || pointed.has(root.kind + root.id),
  );
}

function recordedRoots(view: RemoteView): RecordedRoot[] {
  const { parts, loose } = view.parts;
  const of = ({ catalog }: NamedCatalog, proven: boolean): RecordedRoot[] =>
    catalog.roots.map((root) => ({ root, proven }));
  return [
    ...parts.flatMap((each) => of(each, true)),
    ...loose.flatMap((each) => of(each, view.proves(each))),
  ];
}

/** Roots that stay though nothing that the project's pointers name needs them. */
export interface SparedRoots {
  /** Of the project, pushed lately. */
  readonly recent: number;
  /** From when the first of those no longer counts as pushed lately (ISO 8601, the remote's clock); absent where there is none. */
  readonly recentUntil?: string;
  /** Of other projects, and how many projects these are. */
  readonly others: number;
  readonly projects: number;
}

/** Counts the roots that stay for other reasons than that something names them. */
export function sparedRoots(
  kept: readonly Root[],
  { project, pointed, recentMs }: Omit<Keeping, 'since'> & { recentMs: number },
): SparedRoots {
  const spared = kept.filter(({ kind, id }) => !pointed.has(kind + id));
  const recent = spared.filter((root) => root.project === project);
  const others = spared.filter((root) => root.project !== project);
  const [oldest] = recent.map(({ created }) => created).sort();
  const until = oldest !== undefined && new Date(Date.parse(oldest) + recentMs).toISOString();
  return {
    ...{ recent: recent.length, ...(until !== false && { recentUntil: until }) },
    ...{ others: others.length, projects: new Set(others.map((root) => root.project)).size },
  };
}
