import { statSync } from 'node:fs';
import { OcrpipeError } from '../base/errors.js';
import { findRemote } from '../config/remotes.js';
import { parseRemoteUrl } from '../remote/backends/remote-url.js';
import type { Workspace } from './workspace.js';

/**
 * The name of the remote that `ocrpipe pull` would ask; undefined if there is none, or if it is a folder that is not there.
 * Asks no server, and says nothing of a mistake in the configuration: that is for the command that uses the remote.
 */
export function remoteInReach(workspace: Workspace): string | undefined {
  try {
    const { name, url } = findRemote(workspace.settings);
    const place = parseRemoteUrl(url, workspace.root);
    const there = place.kind === 's3' || statSync(place.folder, { throwIfNoEntry: false })?.isDirectory();
    return there === true ? name : undefined;
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}
