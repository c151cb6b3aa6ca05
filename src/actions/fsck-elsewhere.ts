import type { Workspace } from '../project/workspace.js';
import type { RemoteView } from '../remote/catalog/view.js';
import type { Lacking } from '../store/fsck/needs.js';

/** Objects that are not here and that is as it should be: a remote had them when it was last looked at. */
export interface Elsewhere {
  objects: number;
  /** Of files; what lies below a directory that is not here is not known. */
  bytes: number;
  /** The names of these remotes. */
  remotes: readonly string[];
}

/** Parts what the store lacks into what some remote had when this machine last looked, and what none had. Asks no remote. */
export async function placesElsewhere(
  workspace: Workspace,
  lacking: readonly Lacking[],
): Promise<{ elsewhere: Elsewhere; nowhere: Lacking[] }> {
  const nowhere: Lacking[] = [];
  const used = new Set<string>();
  let [objects, bytes] = [0, 0];
  const views = lacking.length === 0 ? [] : await rememberedViews(workspace);
  for (const object of lacking) {
    const found = views.find(({ view }) => view.has(object.kind, object.id));
    if (found === undefined) {
      nowhere.push(object);
      continue;
    }
    used.add(found.name);
    objects += 1;
    bytes += object.size ?? 0;
  }
  return { elsewhere: { objects, bytes, remotes: [...used].sort() }, nowhere };
}

async function rememberedViews(workspace: Workspace): Promise<{ name: string; view: RemoteView }[]> {
  // Most often nothing is lacking, and what knows remotes need not be loaded.
  const { rememberedView } = await import('../remote/catalog/remembered-view.js');
  const { rememberedOf } = await import('./remote-session.js');
  return Object.entries(workspace.settings.remotes).flatMap(([name, settings]) => {
    const view = rememberedView(rememberedOf(workspace, settings));
    return view ? [{ name, view }] : [];
  });
}
