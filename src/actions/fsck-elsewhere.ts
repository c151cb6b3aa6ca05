import type { Workspace } from '../project/workspace.js';
import { rememberedView } from '../remote/catalog/remembered-view.js';
import type { RemoteView } from '../remote/catalog/view.js';
import type { Lacking } from '../store/fsck/needs.js';
import { rememberedOf } from './remote-session.js';

/** Objects that are not here and that is as it should be: a remote had them when it was last looked at. */
export interface Elsewhere {
  objects: number;
  /** Of files; what lies below a directory that is not here is not known. */
  bytes: number;
  /** The names of these remotes. */
  remotes: readonly string[];
}

/** Parts what the store lacks into what some remote had when this machine last looked, and what none had. Asks no remote. */
export function placesElsewhere(
  workspace: Workspace,
  lacking: readonly Lacking[],
): { elsewhere: Elsewhere; nowhere: Lacking[] } {
  const nowhere: Lacking[] = [];
  const used = new Set<string>();
  let [objects, bytes] = [0, 0];
  const views = lacking.length === 0 ? [] : rememberedViews(workspace);
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

function rememberedViews(workspace: Workspace): { name: string; view: RemoteView }[] {
  return Object.entries(workspace.settings.remotes).flatMap(([name, settings]) => {
    const view = rememberedView(rememberedOf(workspace, settings));
    return view ? [{ name, view }] : [];
  });
}
