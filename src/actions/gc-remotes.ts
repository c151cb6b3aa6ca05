import { OcrpipeError } from '../base/errors.js';
import { findRemote, type NamedRemote } from '../config/remotes.js';
import type { Workspace } from '../project/workspace.js';
import { modifying } from '../remote/backends/correction.js';
import { openRemote } from '../remote/backends/open-remote.js';
import { loadCheckedView } from '../remote/catalog/load-view.js';
import type { RemoteView } from '../remote/catalog/view.js';
import { sourceOf } from './remote-session.js';

/** What is known of the remotes of a workspace. */
export interface AskedRemotes {
  /** What those that answered have. */
  readonly views: readonly RemoteView[];
  /** The names of those that did not: what they have is not known. */
  readonly silent: readonly string[];
}

/** Asks every remote of the configuration what it has. One that does not answer is told as a warning. */
export async function askRemotes(workspace: Workspace): Promise<AskedRemotes> {
  const { settings, events, signal } = workspace;
  const views: RemoteView[] = [];
  const silent: string[] = [];
  for (const name of Object.keys(settings.remotes).sort()) {
    try {
      views.push(await viewOf(workspace, findRemote(settings, name)));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof OcrpipeError)) throw error;
      silent.push(name);
      const message = `the remote '${name}' cannot be asked what it has: ${error.message}`;
      events({ type: 'note', level: 'warning', code: error.code, message });
    }
  }
  return { views, silent };
}

async function viewOf(workspace: Workspace, settings: NamedRemote): Promise<RemoteView> {
  const remote = await openRemote(settings, workspace.root, modifying(settings.name));
  try {
    const source = sourceOf(workspace, settings, remote);
    // Large objects are believed to be there only where they were seen.
    return await loadCheckedView(
      { ...source, signal: workspace.signal },
      { mostListed: Number.MAX_SAFE_INTEGER },
    );
  } finally {
    remote.close();
  }
}
