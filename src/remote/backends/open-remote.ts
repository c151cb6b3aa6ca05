import { resolve } from 'node:path';
import { bytesPerSecond, type RemoteSettings } from '../../config/settings.js';
import type { Correction } from './correction.js';
import { FolderRemote } from './folder.js';
import { Pace } from './pace.js';
import { parseRemoteUrl } from './remote-url.js';
import type { Remote } from './remote.js';
import { RetryingRemote } from './retry.js';
import type { S3Settings } from './s3/s3-client.js';
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
  const pace = settings.bandwidth === undefined ? undefined : new Pace(bytesPerSecond(settings.bandwidth));
  if (place.kind === 'folder') return new RetryingRemote(new FolderRemote(place.folder, correct, pace));
  const { bucket, prefix } = place;
  const { caBundle, sseCustomerKeyFile, requestChecksumCalculation, ...others } = settings;
  const inWorkspace = (file: string | undefined): string | undefined => file && resolve(workspaceRoot, file);
  const s3: S3Settings = {
    ...others,
    ...{ bucket, prefix, pace },
    caBundle: inWorkspace(caBundle),
    sseCustomerKeyFile: inWorkspace(sseCustomerKeyFile),
    withoutChecksums: requestChecksumCalculation === 'when_required',
  };
  return new RetryingRemote(await S3Remote.open(s3, correct));
}
