import type { RemoteSettings } from '../../config/settings.js';
import type { Correction } from './correction.js';
import { FolderRemote } from './folder.js';
import { parseRemoteUrl } from './remote-url.js';
import type { Remote } from './remote.js';
import { RetryingRemote } from './retry.js';
import { S3Remote } from './s3/s3-remote.js';

/**
 * Opens a remote as the configuration names it, with retries. Nothing is sent yet; the SDK is loaded for S3 alone. `correct` is
 * how its hints say what to type.
 */
export async function openRemote(
  settings: RemoteSettings,
  workspaceRoot: string,
  correct: Correction,
): Promise<Remote> {
  const place = parseRemoteUrl(settings.url, workspaceRoot);
  if (place.kind === 'folder') return new RetryingRemote(new FolderRemote(place.folder, correct));
  const { bucket, prefix } = place;
  const { endpoint, region, profile, pathStyle } = settings;
  return new RetryingRemote(
    await S3Remote.open({ bucket, prefix, endpoint, region, profile, pathStyle }, correct),
  );
}
